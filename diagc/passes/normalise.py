"""The normal form: equal diagrams, however written, become the same nodes.

Sums and products are flat and ordered by a hash that ignores names; division is a product with a reciprocal; what is
free of a consumed axis has left the reduction; masks stand outside products and sums. Every rule is a law of the
language, valid for finite operands; `tests/properties` tests each on random input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from diagc.core import ops
from diagc.core.axes import Coordinate, Size
from diagc.core.canonical import Colouring
from diagc.core.diagram import (
    Diagram,
    Node,
    apply,
    constant,
    node,
    rebuild,
    reduction,
    size_node,
    spread,
    view,
    with_inputs,
)  # fmt: skip
from diagc.core.dtypes import DType
from diagc.core.meaning import of_constants
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.forms import function, literal, product
from diagc.passes.normalise_terms import SUMMED_MASKS, TERMS
from diagc.passes.sharing import shared_folds

# ---- scalar algebra


def _quotient(current: Node) -> Node | None:
    if function(current) != "div":
        return None
    return apply("mul", current.inputs[0], apply("recip", current.inputs[1]))


def _negation(current: Node) -> Node | None:
    return apply("mul", constant(-1.0), current.inputs[0]) if _is_float(current, "neg") else None


def _is_float(current: Node, name: str) -> bool:
    return function(current) == name and current.dtype.kind == "float"


_POWERS = {0.5: "sqrt", -0.5: "rsqrt", -1.0: "recip"}


def _power(current: Node) -> Node | None:
    if function(current) != "pow" or current.dtype.kind != "float":
        return None
    base, exponent = current.inputs[0], literal(current.inputs[1])
    if exponent is None or current.inputs[1].axes:
        return None
    if float(exponent) in _POWERS:
        return apply(_POWERS[float(exponent)], base)
    return product([base] * int(exponent)) if exponent in (1, 2, 3, 4) else None


def _reciprocal(current: Node) -> Node | None:
    if function(current) != "recip":
        return None
    inner = current.inputs[0]
    inverse = {"recip": None, "sqrt": "rsqrt", "rsqrt": "sqrt"}
    name = function(inner)
    if name == "mul":
        return apply("mul", *(apply("recip", factor) for factor in inner.inputs))
    if name in inverse:
        outer = inverse[name]
        return inner.inputs[0] if outer is None else apply(outer, inner.inputs[0])
    return None


def _flatten(current: Node) -> Node | None:
    name = function(current)
    if name not in ("add", "mul", "and", "or", "min", "max"):
        return None
    if not any(function(operand) == name and operand.dtype is current.dtype for operand in current.inputs):
        return None
    flat = [
        inner
        for operand in current.inputs
        for inner in (
            operand.inputs if function(operand) == name and operand.dtype is current.dtype else (operand,)
        )
    ]
    return apply(name, *flat)


def _literals(current: Node) -> Node | None:
    """An integer literal among floating-point operands is that floating-point number."""
    if not isinstance(current.op, ops.Map) or all(o.dtype.kind != "float" for o in current.inputs):
        return None
    made = [
        constant(float(o.op.value)) if isinstance(o.op, ops.Constant) and o.dtype.kind == "int" else o
        for o in current.inputs
    ]
    return with_inputs(current, tuple(made))


def _fold_constants(current: Node) -> Node | None:
    """Constants of a sum or a product are collected; neutral ones vanish."""
    name = function(current)
    if name not in ("add", "mul") or current.dtype.kind != "float":
        return None
    values = [o.op.value for o in current.inputs if isinstance(o.op, ops.Constant)]
    rest = [o for o in current.inputs if not isinstance(o.op, ops.Constant)]
    neutral = 0.0 if name == "add" else 1.0
    folded = sum(map(float, values)) if name == "add" else math.prod(map(float, values))
    if not values or not rest or (len(values) == 1 and folded != neutral):
        return None
    if folded != neutral:
        return apply(name, constant(folded), *rest)
    made = rest[0] if len(rest) == 1 else apply(name, *rest)
    return made if made.dtype is current.dtype else node(ops.Cast(current.dtype), made)


def _evaluate(current: Node) -> Node | None:
    """A scalar function of constants is a constant."""
    if not isinstance(current.op, ops.Map) or not all(isinstance(o.op, ops.Constant) for o in current.inputs):
        return None
    values = [cast(ops.Constant, o.op).value for o in current.inputs]
    result = of_constants(current.op.function.name, values)
    kinds = {"float": float, "int": int, "bool": bool}
    return constant(kinds[current.dtype.kind](result)) if math.isfinite(result) else None


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
    """argmax a = min over where(a = max a, index, last index): ties go to the lowest index.

    A row whose extremum no element equals (NaN) gives the last index, which is one that can be read.
    """
    match current.op:
        case ops.Reduce("argmax" | "argmin" as monoid, (axis,)) if current.inputs[0].dtype.kind != "bool":
            values = current.inputs[0]
            extremum = reduction("max" if monoid == "argmax" else "min", (axis,), values)
            index, last = node(ops.Iota(axis)), size_node(axis.size - 1)
            places = [node(ops.Cast(DType.I32), found) for found in (index, last)]
            return reduction("min", (axis,), apply("where", apply("eq", values, extremum), *places))
        case _:
            return None


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


def _mask_of_product(current: Node) -> Node | None:
    """where(c, a, 0)·b = where(c, a·b, 0)."""
    if function(current) != "mul" or current.dtype.kind != "float":
        return None
    for place, factor in enumerate(current.inputs):
        if function(factor) == "where" and literal(factor.inputs[2]) == 0:
            rest = [*current.inputs[:place], *current.inputs[place + 1 :]]
            return apply("where", factor.inputs[0], apply("mul", factor.inputs[1], *rest), constant(0.0))
    return None


def _nested_mask(current: Node) -> Node | None:
    """where(a, where(b, e, k), k) = where(a and b, e, k)."""
    if function(current) != "where":
        return None
    condition, value, other = current.inputs
    if function(value) != "where" or literal(other) is None or literal(other) != literal(value.inputs[2]):
        return None
    return apply("where", apply("and", condition, value.inputs[0]), value.inputs[1], other)


# ---- re-indexing


def _spread_operand(current: Node) -> Node | None:
    """Pointwise operations weave; an operand need not be repeated along axes that another one has."""
    if not isinstance(current.op, ops.Map):
        return None
    for place, operand in enumerate(current.inputs):
        if isinstance(operand.op, ops.Spread):
            others = {a for p, o in enumerate(current.inputs) if p != place for a in o.axes}
            if set(operand.op.axes) <= others:
                return with_inputs(
                    current, (*current.inputs[:place], operand.inputs[0], *current.inputs[place + 1 :])
                )
    return None


def _view_of_map(current: Node) -> Node | None:
    """Re-indexing is natural: it commutes with pointwise functions."""
    if not (isinstance(current.op, ops.View) and current.op.fill is None):
        return None
    inner, coordinates = current.inputs[0], dict(current.op.coordinates)
    if isinstance(inner.op, ops.Map | ops.Cast):
        parts = [view(o, {a: c for a, c in coordinates.items() if a in o.axes}) for o in inner.inputs]
        return with_inputs(inner, tuple(parts))
    if isinstance(inner.op, ops.Iota):
        return _index_value(coordinates[inner.op.axis])
    if isinstance(inner.op, ops.Reduce) and not _touches(coordinates, inner.op):
        element = view(inner.inputs[0], coordinates)
        return node(
            ops.Reduce(inner.op.monoid, inner.op.axes, inner.op.compute, inner.op.accumulate), element
        )
    return None


def _touches(coordinates: dict[ops.Axis, Coordinate], op: ops.Reduce) -> bool:
    return any(axis in op.axes for c in coordinates.values() for axis in c.axes)


def _index_value(coordinate: Coordinate) -> Node | None:
    if not coordinate.is_affine:
        return None
    terms = [apply("mul", size_node(c), node(ops.Iota(a))) for a, c in coordinate.terms]
    total = size_node(coordinate.offset)
    return apply("add", total, *terms) if terms else total


def _view_of_view(current: Node) -> Node | None:
    """Re-indexings compose."""
    if not (isinstance(current.op, ops.View) and isinstance(current.inputs[0].op, ops.View)):
        return None
    outer, inner = dict(current.op.coordinates), current.inputs[0].op
    if inner.fill is not None or current.op.fill is not None:
        return None
    made: dict[ops.Axis, Coordinate] = {}
    for axis, coordinate in inner.coordinates:
        composed = coordinate.substitute(outer)
        if composed is None:
            return None
        made[axis] = composed
    base = current.inputs[0].inputs[0]
    made |= {a: c for a, c in outer.items() if a in base.axes and a not in made}
    return view(base, made)


def _gather_of_computed(current: Node) -> Node | None:
    """E[v → t] = ∑ᵥ [v = t]·E: reading one element of what is computed is a fold (Kronecker's delta)."""
    match current.op:
        case ops.Gather(axis) if not isinstance(current.inputs[0].op, ops.Input | ops.View):
            table, index = current.inputs
            hit = apply("eq", node(ops.Iota(axis)), index)
            return reduction("sum", (axis,), apply("where", hit, table, constant(0.0)))
        case _:
            return None


SCALARS = (
    Rule("quotient", "a / b = a · b⁻¹", _quotient),
    Rule("negation", "−a = (−1) · a", _negation),
    Rule("power", "aⁿ is a product; a^½, a^−½, a^−1 have names", _power),
    Rule("reciprocal", "(a·b)⁻¹ = a⁻¹·b⁻¹; (√a)⁻¹ = rsqrt a", _reciprocal),
    Rule("flatten", "associativity", _flatten),
    Rule("literals", "an integer among reals is real", _literals),
    Rule("constants", "associativity and commutativity of constants", _fold_constants),
    Rule("evaluate", "a function of constants is a constant", _evaluate),
)
REDUCTIONS = (
    Rule("nested-reduction", "∑ₐ ∑_b e = ∑ₐ_b e", _nested_reduction),
    Rule("place-of-extremum", "argmax a = min where(a = max a, index, last)", _place_of_extremum),
    Rule("hoist-factors", "∑ₐ c·e = c·∑ₐ e, c free of a", _hoist_factors),
    Rule("hoist-mask", "∑ₐ where(c, e, 0) = where(c, ∑ₐ e, 0), c free of a", _hoist_mask),
    Rule("sum-of-constant", "∑ₐ c = |a|·c, c free of a", _sum_of_constant),
)
MASKS = (
    Rule("mask-of-product", "where(c, a, 0)·b = where(c, a·b, 0)", _mask_of_product),
    Rule("nested-mask", "where(a, where(b, e, k), k) = where(a and b, e, k)", _nested_mask),
)
VIEWS = (
    Rule("spread-operand", "pointwise functions are woven", _spread_operand),
    Rule("view-of-map", "naturality of re-indexing", _view_of_map),
    Rule("view-of-view", "re-indexings compose", _view_of_view),
    Rule("gather-of-computed", "E[v → t] = ∑ᵥ [v = t]·E", _gather_of_computed),
)
RULES = VIEWS + SCALARS + TERMS + MASKS + REDUCTIONS + SUMMED_MASKS


@dataclass(frozen=True, slots=True)
class Normalise:
    """The pass `normalise`."""

    rules: tuple[Rule, ...] = RULES

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram in normal form; the same object when it was normal already."""
        record = record or Record()
        roots = shared_folds(rewrite(diagram.outputs, self.rules, record), record)
        return diagram.with_outputs(order(roots, record))


def order(roots: tuple[Node, ...], record: Record) -> tuple[Node, ...]:
    """Operands of commutative functions in an order that names do not change."""
    colouring = Colouring(roots)
    places = {current: place for place, current in enumerate(colouring.nodes)}
    ranks: dict[int, tuple[str, str, int]] = {}

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made = with_inputs(current, inputs)
        if isinstance(current.op, ops.Map) and current.op.function.commutative:
            made = apply(current.op.function.name, *sorted(inputs, key=lambda i: ranks[id(i)]))
        rank = (colouring.hashes[current], colouring.contexts[current], places[current])
        ranks.setdefault(id(made), rank)
        return record.follow(current, made)

    return rebuild(roots, change)
