"""Laws of scalar functions: what makes sums, products, comparisons and choices flat and alike.

Valid for finite operands, as the others are; `tests/properties` tests each on random input.
"""

from __future__ import annotations

import math
import typing
from collections import Counter

from diagc.core import ops
from diagc.core.diagram import Node, apply, cast, constant, with_inputs
from diagc.core.dtypes import DType
from diagc.core.meaning import of_constants
from diagc.core.rewrite import Rule
from diagc.passes.forms import function, literal, product, scaled, tidy, total, weighted_terms


def _quotient(current: Node) -> Node | None:
    if function(current) != "div":
        return None
    return apply("mul", current.inputs[0], apply("recip", current.inputs[1]))


def _real_operand(current: Node) -> Node | None:
    """A real function of an integer is that of the real number."""
    if not (isinstance(current.op, ops.Map) and current.op.function.result == "float"):
        return None
    if len(current.inputs) != 1 or current.inputs[0].dtype.kind != "int":
        return None
    return apply(current.op.function.name, cast(current.inputs[0], current.dtype))


def _negation(current: Node) -> Node | None:
    return apply("mul", constant(-1.0), current.inputs[0]) if _is_float(current, "neg") else None


def _is_float(current: Node, name: str) -> bool:
    return function(current) == name and current.dtype.kind == "float"


def _difference(current: Node) -> Node | None:
    """A sum is what is added minus what is taken away; without the former, it is negative as a whole."""
    if function(current) not in ("add", "sub") or current.dtype.kind != "float":
        return None
    terms = list(weighted_terms(current))
    added = [scaled(number, term) for number, term in terms if number > 0]
    taken = [(-number, term) for number, term in terms if number < 0]
    less = [scaled(number, term) for number, term in taken]
    if added:
        made = apply("sub", total(added), total(less)) if less else total(added)
    else:
        made = apply("mul", constant(-1.0), total(less)) if less else constant(0.0)
    same = made.dtype is current.dtype and set(made.axes) == set(current.axes)
    return made if same and not _alike(made, current) else None


def _alike(first: Node, second: Node) -> bool:
    """Whether two sums of products differ in the order of operands at most."""
    if first is second:
        return True
    name = function(first)
    if name is None or name != function(second) or len(first.inputs) != len(second.inputs):
        return False
    if name == "sub":
        return all(map(_alike, first.inputs, second.inputs))
    if name == "mul":
        return Counter(first.inputs) == Counter(second.inputs)
    rest = list(second.inputs)
    for operand in first.inputs if name == "add" else ():
        other = next((o for o in rest if _alike(operand, o)), None)
        if other is None:
            return False
        rest.remove(other)
    return name == "add"


def _sign_of_sum(current: Node) -> Node | None:
    """(−c)·(a − b) = c·(b − a), where one factor is a difference."""
    if function(current) != "mul" or current.dtype.kind != "float":
        return None
    numbers = [o.op.value for o in current.inputs if isinstance(o.op, ops.Constant)]
    sums = [o for o in current.inputs if function(o) in ("add", "sub") and o.dtype is current.dtype]
    if len(numbers) != 1 or not numbers[0] < 0 or len(sums) != 1 or len(current.inputs) != 2:
        return None
    terms = list(weighted_terms(sums[0]))
    if all(number > 0 for number, _ in terms):
        return None
    turned = total([scaled(-number, term) for number, term in terms])
    rest = [o for o in current.inputs if o is not sums[0] and not isinstance(o.op, ops.Constant)]
    number = [] if numbers[0] == -1 else [constant(-float(numbers[0]))]
    return product([*number, *rest, turned])


def _number_into_sum(current: Node) -> Node | None:
    """c·(a + k) = c·a + c·k for numbers c > 0 and k, where one factor is a sum; a sign stays outside."""
    if function(current) != "mul" or current.dtype.kind != "float":
        return None
    numbers = [o for o in current.inputs if isinstance(o.op, ops.Constant) and math.isfinite(o.op.value)]
    sums = [o for o in current.inputs if function(o) in ("add", "sub") and o.dtype is current.dtype]
    if len(numbers) != 1 or len(sums) != 1:
        return None
    (number,), terms = numbers, list(weighted_terms(sums[0]))
    assert isinstance(number.op, ops.Constant)
    times = abs(float(number.op.value))
    if times == 1.0 or not any(isinstance(term.op, ops.Constant) for _, term in terms):
        return None
    sign = [constant(-1.0)] if number.op.value < 0 else []
    made = total([
        constant(times * own * float(term.op.value)) if isinstance(term.op, ops.Constant) else scaled(times * own, term)
        for own, term in terms
    ])  # fmt: skip
    return product([*sign, *(o for o in current.inputs if o is not sums[0] and o is not number), made])


_POWERS = {0.5: "sqrt", -0.5: "rsqrt", -1.0: "recip"}


def _power(current: Node) -> Node | None:
    if function(current) != "pow" or current.dtype.kind != "float":
        return None
    base, exponent = current.inputs[0], literal(current.inputs[1])
    if exponent is None or current.inputs[1].axes:
        return None
    if float(exponent) in _POWERS:
        return apply(_POWERS[float(exponent)], base)
    return cast(product([base] * int(exponent)), current.dtype) if exponent in (1, 2, 3, 4) else None


def _reciprocal(current: Node) -> Node | None:
    if function(current) != "recip":
        return None
    inner = current.inputs[0]
    inverse = {"recip": None, "sqrt": "rsqrt", "rsqrt": "sqrt"}
    name = function(inner)
    if name == "mul":
        return apply("mul", *(apply("recip", factor) for factor in inner.inputs))
    if name in ("add", "sub") and all(number <= 0 for number, _ in weighted_terms(inner)):
        turned = total([scaled(-number, term) for number, term in weighted_terms(inner)])
        return apply("mul", constant(-1.0), apply("recip", turned))
    if name in inverse:
        outer = inverse[name]
        return cast(inner.inputs[0], current.dtype) if outer is None else apply(outer, inner.inputs[0])
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
    """An integer among floating-point operands is that floating-point number."""
    if not isinstance(current.op, ops.Map) or all(o.dtype.kind != "float" for o in current.inputs):
        return None
    made = [_real(o, current.dtype) if o.dtype.kind == "int" else o for o in current.inputs]
    return with_inputs(current, tuple(made))


def _real(operand: Node, dtype: DType) -> Node:
    """An integer as a number of a dtype, where that dtype is wide enough for it to be computed with."""
    if isinstance(operand.op, ops.Constant):
        return constant(float(operand.op.value))
    return cast(operand, dtype) if dtype is DType.F32 else operand


def _fold_constants(current: Node) -> Node | None:
    """Constants of a sum or a product are collected; neutral ones vanish."""
    name = function(current)
    if name not in ("add", "mul") or current.dtype.kind != "float":
        return None
    values = [o.op.value for o in current.inputs if isinstance(o.op, ops.Constant)]
    rest = [o for o in current.inputs if not isinstance(o.op, ops.Constant)]
    neutral = 0.0 if name == "add" else 1.0
    folded = tidy(sum(map(float, values)) if name == "add" else math.prod(map(float, values)))
    if not values or not rest or (len(values) == 1 and folded != neutral):
        return None
    if folded != neutral:
        return apply(name, constant(folded), *rest)
    made = rest[0] if len(rest) == 1 else apply(name, *rest)
    return made if made.dtype is current.dtype else None


def _widening(current: Node) -> Node | None:
    """1·a is a in the dtype of the product. Inside products it stays: they are made of the narrow factors."""
    if function(current) not in ("add", "mul") or len(current.inputs) != 2 or current.dtype.kind != "float":
        return None
    neutral = constant(0.0 if function(current) == "add" else 1.0)
    rest = [operand for operand in current.inputs if operand is not neutral]
    return cast(rest[0], current.dtype) if len(rest) == 1 else None


def _evaluate(current: Node) -> Node | None:
    """A scalar function of constants is a constant, where it makes neither a finite number of an infinite one, which
    1 / inf = 0 would forget, nor the reverse."""
    if isinstance(current.op, ops.Cast) and current.dtype is DType.F32:
        inner = current.inputs[0].op
        return constant(float(inner.value)) if isinstance(inner, ops.Constant) else None
    if not isinstance(current.op, ops.Map) or not all(isinstance(o.op, ops.Constant) for o in current.inputs):
        return None
    values = [typing.cast(ops.Constant, o.op).value for o in current.inputs]
    result = of_constants(current.op.function.name, values)
    if math.isnan(result) or math.isfinite(result) != all(map(math.isfinite, values)):
        return None
    kinds = {"float": float, "int": int, "bool": bool}
    return constant(kinds[current.dtype.kind](result))


# ---- truth values


def _idempotent(current: Node) -> Node | None:
    """c and c = c; likewise or, max and min."""
    if function(current) not in ("and", "or", "max", "min"):
        return None
    parts = list(dict.fromkeys(current.inputs))
    if len(parts) == len(current.inputs):
        return None
    return parts[0] if len(parts) == 1 else apply(str(function(current)), *parts)


_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


def _mirror(current: Node) -> Node | None:
    """a > b = b < a; a number stands on the right."""
    name = function(current)
    if name not in _MIRRORED:
        return None
    left, right = (isinstance(operand.op, ops.Constant) for operand in current.inputs)
    turned = left if left != right else name in ("gt", "ge")
    return apply(_MIRRORED[name], *reversed(current.inputs)) if turned else None


def _denial(current: Node) -> Node | None:
    """not not c = c; where(not c, a, b) = where(c, b, a)."""
    if function(current) == "not" and function(current.inputs[0]) == "not":
        return current.inputs[0].inputs[0]
    if function(current) != "where" or function(current.inputs[0]) != "not":
        return None
    condition, value, other = current.inputs
    made = apply("where", condition.inputs[0], other, value)
    return made if made.dtype is current.dtype else None


SCALARS = (
    Rule("quotient", "a / b = a · b⁻¹", _quotient),
    Rule("negation", "−a = (−1) · a", _negation),
    Rule("power", "aⁿ is a product; a^½, a^−½, a^−1 have names", _power),
    Rule("reciprocal", "(a·b)⁻¹ = a⁻¹·b⁻¹; (−a)⁻¹ = −a⁻¹; (√a)⁻¹ = rsqrt a", _reciprocal),
    Rule("difference", "a + (−1)·b = a − b; (a − b) − c = a − (b + c)", _difference),
    Rule("sign-of-sum", "(−c)·(a − b) = c·(b − a)", _sign_of_sum),
    Rule("number-into-sum", "c·(a + k) = c·a + c·k for numbers c, k", _number_into_sum),
    Rule("flatten", "associativity", _flatten),
    Rule("literals", "an integer among reals is real", _literals),
    Rule("constants", "associativity and commutativity of constants", _fold_constants),
    Rule("idempotent", "c and c = c, c or c = c, max(a, a) = a", _idempotent),
    Rule("mirror", "a > b = b < a", _mirror),
    Rule("denial", "not not c = c; where(not c, a, b) = where(c, b, a)", _denial),
    Rule("real-operand", "a real function of an integer is that of the real number", _real_operand),
    Rule("evaluate", "a function of constants is a constant", _evaluate),
)
WIDENING = (Rule("widening", "1·a = a, 0 + a = a", _widening),)
"""For what is left when products are flat."""
