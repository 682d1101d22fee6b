"""Laws of the language as generators of other writings: each turns a node into an equal one, in both directions.

A law that the compiler uses to shorten is used here to lengthen as well. `rewritten` applies random laws at random
places.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate
from diagc.core.diagram import (
    Diagram,
    Node,
    apply,
    constant,
    node,
    reduction,
    spread,
    substitute,
    view,
    walk,
    with_inputs,
)  # fmt: skip
from diagc.core.dtypes import DType
from diagc.passes.forms import function, literal, product
from diagc.passes.normalise import RULES

Law = Callable[[random.Random, Node], Node | None]
ASSOCIATIVE: Final = ("add", "mul", "and", "or", "min", "max")
MIRRORED: Final = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
GROWTH: Final = 4
"""A diagram may grow to so many times its nodes; beyond that only laws that shorten or reorder are used."""

OWN: Final = ("nested-reduction", "mirror", "difference", "widening")
"""Rules of the normal form that are written here as laws of their own, which go further or not as far.

1·a = f32(a) is `neutral`, for numbers of 32 bits: a narrow factor that is made wide makes the contraction wide.
"""

_SHORTENING: Final = {rule.name: rule for rule in RULES}


_LINEAR: Final = ("mul", "div", "neg", "recip", "where", "add", "sub")


def _is_real(current: Node) -> bool:
    """Whether a law may hide a node inside a function: not one with factors below 32 bits.

    A contraction runs in the narrowest dtype of its factors, so hiding one of those changes what is computed. Nor a
    number: 0 and infinities have no inverse.
    """
    if literal(current) is not None or current.dtype not in (DType.F32, DType.F64):
        return False
    stack = [current]
    while stack:
        part = stack.pop()
        if part.dtype.kind == "float" and part.dtype.bytes < 4:
            return False
        if function(part) in _LINEAR or isinstance(part.op, ops.View | ops.Spread):
            stack += part.inputs
    return True


# ---- order and brackets


def commute(generator: random.Random, current: Node) -> Node | None:
    """a + b = b + a."""
    if not (isinstance(current.op, ops.Map) and current.op.function.commutative):
        return None
    return with_inputs(current, tuple(generator.sample(current.inputs, len(current.inputs))))


def group(generator: random.Random, current: Node) -> Node | None:
    """a + b + c = a + (b + c)."""
    name = function(current)
    if name not in ASSOCIATIVE or len(current.inputs) < 3:
        return None
    mixed = generator.sample(current.inputs, len(current.inputs))
    count = generator.randint(2, len(mixed) - 1)
    return apply(name, *mixed[count:], apply(name, *mixed[:count]))


def reorder_axes(generator: random.Random, current: Node) -> Node | None:
    """A fold of a commutative monoid over axes in another order."""
    if not (isinstance(current.op, ops.Reduce) and len(current.op.axes) > 1):
        return None
    axes = tuple(generator.sample(current.op.axes, len(current.op.axes)))
    return node(replace(current.op, axes=axes), *current.inputs)


# ---- scalars


def quotient(generator: random.Random, current: Node) -> Node | None:
    """a · b⁻¹ = a / b."""
    inverses = [f for f in current.inputs if function(f) == "recip"] if function(current) == "mul" else []
    if not inverses:
        return None
    chosen = generator.choice(inverses)
    rest = list(current.inputs)
    rest.remove(chosen)
    return apply("div", product(rest), chosen.inputs[0])


def inverse_of_product(_: random.Random, current: Node) -> Node | None:
    """a⁻¹ · b⁻¹ = (a · b)⁻¹."""
    inverses = [f for f in current.inputs if function(f) == "recip"] if function(current) == "mul" else []
    if len(inverses) < 2:
        return None
    rest = [f for f in current.inputs if f not in inverses]
    joined = apply("recip", product([f.inputs[0] for f in inverses]))
    return product([*rest, joined]) if len(set(inverses)) == len(inverses) else None


def double_inverse(_: random.Random, current: Node) -> Node | None:
    """a = (a⁻¹)⁻¹."""
    return apply("recip", apply("recip", current)) if _is_real(current) else None


def double_negation(_: random.Random, current: Node) -> Node | None:
    """a = −(−a)."""
    return apply("neg", apply("neg", current)) if _is_real(current) else None


def negation(_: random.Random, current: Node) -> Node | None:
    """a − b = a + (−1)·b; −a = (−1)·a; and back."""
    if current.dtype.kind != "float":
        return None
    if function(current) == "sub":
        return apply("add", current.inputs[0], apply("mul", constant(-1.0), current.inputs[1]))
    if function(current) == "neg":
        return apply("mul", constant(-1.0), current.inputs[0])
    if function(current) == "mul" and constant(-1.0) in current.inputs:
        rest = [f for f in current.inputs if f is not constant(-1.0)]
        return apply("neg", product(rest)) if len(rest) == len(current.inputs) - 1 else None
    return None


def difference(generator: random.Random, current: Node) -> Node | None:
    """a + (−1)·b = a − b."""
    if function(current) != "add" or current.dtype.kind != "float":
        return None
    negative = [t for t in current.inputs if function(t) == "neg" or constant(-1.0) in t.inputs[:1]]
    negative = [t for t in negative if function(t) in ("neg", "mul")]
    if not negative:
        return None
    chosen = generator.choice(negative)
    rest = list(current.inputs)
    rest.remove(chosen)
    taken = chosen.inputs[0] if function(chosen) == "neg" else product(list(chosen.inputs[1:]))
    return apply("sub", rest[0] if len(rest) == 1 else apply("add", *rest), taken)


def power(generator: random.Random, current: Node) -> Node | None:
    """a · a = a²; 1/√a = rsqrt a; and back."""
    if not _is_real(current):
        return None
    match function(current):
        case "mul":
            twice = [f for f in dict.fromkeys(current.inputs) if current.inputs.count(f) == 2 and _is_real(f)]
            if not twice:
                return None
            chosen = generator.choice(twice)
            return product(
                [*(f for f in current.inputs if f is not chosen), apply("pow", chosen, constant(2))]
            )
        case "rsqrt":
            return apply("recip", apply("sqrt", current.inputs[0]))
        case "sqrt":
            return apply("recip", apply("rsqrt", current.inputs[0]))
        case "recip":
            return apply("pow", current.inputs[0], constant(-1.0))
        case _:
            return None


def neutral(generator: random.Random, current: Node) -> Node | None:
    """a = a · 1 = a + 0."""
    if not _is_real(current):
        return None
    name, unit = generator.choice((("mul", 1.0), ("add", 0.0)))
    return apply(name, current, constant(unit))


def halves(generator: random.Random, current: Node) -> Node | None:
    """a = c·a + (1 − c)·a."""
    if not _is_real(current):
        return None
    part = generator.choice((0.5, 0.25, 1.5))
    return apply("add", *(apply("mul", constant(c), current) for c in (part, 1.0 - part)))


def distribute(generator: random.Random, current: Node) -> Node | None:
    """f · (a + b) = f·a + f·b. Not of powers: to find one in a polynomial is no law of the normal form."""
    if function(current) != "mul" or current.dtype.kind != "float":
        return None
    sums = [f for f in current.inputs if function(f) == "add" and current.inputs.count(f) == 1]
    if not sums:
        return None
    chosen = generator.choice(sums)
    rest = list(current.inputs)
    rest.remove(chosen)
    return apply("add", *(apply("mul", *rest, term) for term in chosen.inputs))


# ---- folds


def take_in(generator: random.Random, current: Node) -> Node | None:
    """f · ∑ₐ e = ∑ₐ f·e for f free of a."""
    if function(current) != "mul" or current.dtype.kind != "float":
        return None
    sums = [f for f in current.inputs if isinstance(f.op, ops.Reduce) and f.op.monoid == "sum"]
    if not sums:
        return None
    chosen = generator.choice(sums)
    assert isinstance(chosen.op, ops.Reduce)
    rest = list(current.inputs)
    rest.remove(chosen)
    free = [f for f in rest if not set(f.axes) & set(chosen.op.axes)]
    if not free:
        return None
    moved = generator.sample(free, generator.randint(1, len(free)))
    kept = list(rest)
    for factor in moved:
        kept.remove(factor)
    return product([*kept, reduction("sum", chosen.op.axes, apply("mul", *moved, *chosen.inputs), chosen.op)])


def split_fold(generator: random.Random, current: Node) -> Node | None:
    """∑ₐ_b e = ∑ₐ ∑_b e."""
    op = current.op
    if not (isinstance(op, ops.Reduce) and len(op.axes) > 1 and op.monoid not in ("argmax", "argmin")):
        return None
    mixed = generator.sample(op.axes, len(op.axes))
    count = generator.randint(1, len(mixed) - 1)
    inner = reduction(op.monoid, mixed[:count], current.inputs[0], op)
    return reduction(op.monoid, mixed[count:], inner, op)


# ---- masks


def mask_factor(generator: random.Random, current: Node) -> Node | None:
    """where(c, a·b, 0) = where(c, a, 0)·b."""
    if function(current) != "where" or current.dtype.kind != "float" or literal(current.inputs[2]) != 0:
        return None
    condition, value, other = current.inputs
    if function(value) != "mul":
        return None
    place = generator.randrange(len(value.inputs))
    factors = list(value.inputs)
    if any(_may_be_infinite(factor) for factor in factors[:place] + factors[place + 1 :]):
        return None
    factors[place] = apply("where", condition, factors[place], other)
    return apply("mul", *factors)


def _may_be_infinite(factor: Node) -> bool:
    """Whether there is a quotient or an infinite number below: 0 times infinity is no number."""
    unbounded = ("recip", "div", "pow", "log", "rsqrt")
    return any(function(n) in unbounded or literal(n) in (math.inf, -math.inf) for n in walk((factor,)))


def nest_masks(generator: random.Random, current: Node) -> Node | None:
    """where(a and b, e, k) = where(a, where(b, e, k), k)."""
    if function(current) != "where" or function(current.inputs[0]) != "and":
        return None
    if literal(current.inputs[2]) is None:
        return None
    condition, value, other = current.inputs
    parts = generator.sample(condition.inputs, len(condition.inputs))
    rest = parts[1] if len(parts) == 2 else apply("and", *parts[1:])
    return apply("where", parts[0], apply("where", rest, value, other), other)


def other_branch(_: random.Random, current: Node) -> Node | None:
    """where(c, a, b) = where(not c, b, a), where they have one dtype; not not c = c."""
    if function(current) == "where" and current.inputs[1].dtype is current.inputs[2].dtype:
        condition, value, other = current.inputs
        return apply("where", apply("not", condition), other, value)
    return None


def double_not(_: random.Random, current: Node) -> Node | None:
    """c = not not c."""
    return (
        apply("not", apply("not", current))
        if isinstance(current.op, ops.Map) and _is_truth(current)
        else None
    )


def _is_truth(current: Node) -> bool:
    return current.dtype.kind == "bool"


def mirror(_: random.Random, current: Node) -> Node | None:
    """a < b = b > a."""
    name = function(current)
    return apply(MIRRORED[name], *reversed(current.inputs)) if name in MIRRORED else None


# ---- re-indexing


def repeat(generator: random.Random, current: Node) -> Node | None:
    """A pointwise function of an operand that is repeated along axes of the result."""
    if not isinstance(current.op, ops.Map):
        return None
    place = generator.randrange(len(current.inputs))
    operand = current.inputs[place]
    others = {a for p, o in enumerate(current.inputs) if p != place for a in o.axes}
    missing = [a for a in current.axes if a not in operand.axes and a in others]
    if not missing or isinstance(operand.op, ops.Spread):
        return None
    wider = spread(operand, generator.sample(missing, generator.randint(1, len(missing))))
    return with_inputs(current, (*current.inputs[:place], wider, *current.inputs[place + 1 :]))


def there_and_back(generator: random.Random, current: Node) -> Node | None:
    """X = X[a → c][c → a] for another axis c of that size."""
    if not current.axes or not _is_real(current):
        return None
    axis = generator.choice(current.axes)
    other = Axis(f"{axis.uid}#{generator.randrange(1000)}", axis.size)
    if any(other in n.axes for n in walk((current,))):
        return None
    there = view(current, {axis: Coordinate.along(other)})
    return view(there, {other: Coordinate.along(axis)})


def merge_folds(_: random.Random, current: Node) -> Node | None:
    """∑ₐ ∑_b e = ∑ₐ_b e. Not of products: the order of contractions is chosen by work, and kept where that is equal."""
    if not isinstance(current.op, ops.Reduce) or function(current.inputs[0]) == "mul":
        return None
    inner = current.inputs[0]
    if isinstance(inner.op, ops.Reduce) and function(inner.inputs[0]) == "mul":
        return None
    return _SHORTENING["nested-reduction"].apply(current)


def shortening(name: str) -> Law:
    """A rule of the normal form itself, at one place."""
    return lambda _, current: _SHORTENING[name].apply(current)


LENGTHENING: Final[dict[str, Law]] = {
    "double-inverse": double_inverse, "double-negation": double_negation, "neutral": neutral, "halves": halves,
    "distribute": distribute, "double-not": double_not, "other-branch": other_branch,
    "there-and-back": there_and_back, "repeat": repeat, "mask-factor": mask_factor, "nest-masks": nest_masks,
    "split-fold": split_fold, "group": group,
}  # fmt: skip
LAWS: Final[dict[str, Law]] = {
    **LENGTHENING,
    "commute": commute, "reorder-axes": reorder_axes, "quotient-of-inverse": quotient, "mirror": mirror,
    "inverse-of-product": inverse_of_product, "minus": negation, "difference": difference, "square": power,
    "take-in": take_in, "nested-reduction": merge_folds,
    **{rule.name: shortening(rule.name) for rule in RULES if rule.name not in OWN},
}  # fmt: skip


def rewritten(
    diagram: Diagram, generator: random.Random, count: int, names: tuple[str, ...] = tuple(LAWS)
) -> tuple[Diagram, list[str]]:
    """The diagram after `count` applications of laws, and which these were."""
    limit = GROWTH * sum(1 for _ in walk(diagram.outputs))
    used: list[str] = []
    tries = 0
    while len(used) < count and tries < 100 * count:
        tries += 1
        nodes = list(walk(diagram.outputs))
        name = generator.choice(names)
        if len(nodes) > limit and name in LENGTHENING:
            continue
        current, made = _somewhere(LAWS[name], generator, nodes)
        if made is None:
            continue
        assert made.dtype is current.dtype, f"`{name}` changes the dtype"
        assert set(made.axes) == set(current.axes), f"`{name}` changes the axes"
        diagram = diagram.with_outputs(substitute(diagram.outputs, {current: made}))
        used.append(name)
    return diagram, used


def _somewhere(law: Law, generator: random.Random, nodes: list[Node]) -> tuple[Node, Node | None]:
    """A law at the first of the nodes, in random order, where it applies."""
    for current in generator.sample(nodes, len(nodes)):
        made = law(generator, current)
        if made is not None and made is not current:
            return current, made
    return nodes[0], None
