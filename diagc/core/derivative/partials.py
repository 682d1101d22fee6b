"""The partial derivatives of every function of `ops.POINTWISE`; the reverse and the forward sweep read this table.

A function that chooses has the derivative of what it chooses. Where operands of `max` or `min` tie, they share it
equally (as in JAX); of tied elements that are folded the first has it all (as in PyTorch and in `argmax`). `relu` and
`abs` have derivative 0 at 0, and steps have derivative 0 everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from diagc.core import ops
from diagc.core.derivative.terms import masked, scaled
from diagc.core.diagram import Node, apply, constant
from diagc.core.places import first_place, index_over

_LN2: Final = math.log(2.0)


@dataclass(frozen=True, slots=True)
class Partial:
    """The derivative by one operand: `factor` (None is 1) where `mask` holds (None is everywhere), else 0."""

    factor: Node | None = None
    mask: Node | None = None

    def times(self, value: Node) -> Node:
        """The product with a tangent or a cotangent."""
        inner = value if self.factor is None else scaled(value, self.factor)
        return masked(self.mask, inner)


Partials = tuple[Partial | None, ...]
"""One for each operand; None is 0 everywhere."""


def partials(current: Node) -> Partials:
    """The derivatives of a `Map` by its operands."""
    assert isinstance(current.op, ops.Map)
    name = current.op.function.name
    if name in _UNARY:
        return (Partial(_UNARY[name](current.inputs[0], current)),)
    return _OTHERS.get(name, _none)(current.inputs, current)


def ties(operands: tuple[Node, ...], chosen: Node) -> Partials:
    """The derivatives of a choice among operands, shared by those that are equal to what is chosen."""
    hits = [apply("eq", operand, chosen) for operand in operands]
    count = _add(*(apply("where", hit, constant(1.0), constant(0.0)) for hit in hits))
    return tuple(Partial(apply("recip", count), hit) for hit in hits)


def _mul(*factors: Node | float) -> Node:
    return apply("mul", *map(_node, factors))


def _add(*terms: Node | float) -> Node:
    return apply("add", *map(_node, terms))


def _node(value: Node | float) -> Node:
    return value if isinstance(value, Node) else constant(value)


def _sigmoid_product(a: Node, _: Node) -> Node:
    s = apply("sigmoid", a)
    return _mul(s, _add(1.0, _mul(a, apply("sub", constant(1.0), s))))


def _gelu(a: Node, _: Node) -> Node:
    below = _mul(0.5, _add(1.0, apply("erf", _mul(math.sqrt(0.5), a))))
    density = _mul(1.0 / math.sqrt(2.0 * math.pi), apply("exp", _mul(-0.5, a, a)))
    return _add(below, _mul(a, density))


def _erf(a: Node, _: Node) -> Node:
    return _mul(2.0 / math.sqrt(math.pi), apply("exp", _mul(-1.0, a, a)))


_UNARY: Final[dict[str, Callable[[Node, Node], Node]]] = {
    "neg": lambda a, r: constant(-1.0),
    "abs": lambda a, r: apply("sign", a),
    "recip": lambda a, r: _mul(-1.0, r, r),
    "exp": lambda a, r: r,
    "exp2": lambda a, r: _mul(_LN2, r),
    "expm1": lambda a, r: apply("exp", a),
    "log": lambda a, r: apply("recip", a),
    "log2": lambda a, r: _mul(1.0 / _LN2, apply("recip", a)),
    "log1p": lambda a, r: apply("recip", _add(1.0, a)),
    "sqrt": lambda a, r: _mul(0.5, apply("recip", r)),
    "rsqrt": lambda a, r: _mul(-0.5, r, r, r),
    "tanh": lambda a, r: apply("sub", constant(1.0), _mul(r, r)),
    "sigmoid": lambda a, r: _mul(r, apply("sub", constant(1.0), r)),
    "erf": _erf,
    "gelu": _gelu,
    "silu": _sigmoid_product,
    "softplus": lambda a, r: apply("sigmoid", a),
    "sin": lambda a, r: apply("cos", a),
    "cos": lambda a, r: _mul(-1.0, apply("sin", a)),
}
"""By operand and result."""


def _none(operands: tuple[Node, ...], _: Node) -> Partials:
    return (None,) * len(operands)


def _product(operands: tuple[Node, ...], _: Node) -> Partials:
    rest = ((*operands[:place], *operands[place + 1 :]) for place in range(len(operands)))
    return tuple(Partial(others[0] if len(others) == 1 else _mul(*others)) for others in rest)


def _quotient(operands: tuple[Node, ...], result: Node) -> Partials:
    inverse = apply("recip", operands[1])
    return Partial(inverse), Partial(_mul(-1.0, result, inverse))


def _power(operands: tuple[Node, ...], result: Node) -> Partials:
    base, exponent = operands
    by_exponent = Partial(_mul(apply("log", base), result), apply("ne", base, constant(0.0)))
    if not isinstance(exponent.op, ops.Constant):
        lower = apply("pow", base, apply("sub", exponent, constant(1.0)))
        return Partial(_mul(exponent, lower), apply("ne", exponent, constant(0.0))), by_exponent
    number = float(exponent.op.value)
    if number in (0.0, 1.0, 2.0):
        return (None, Partial(), Partial(_mul(2.0, base)))[int(number)], None
    return Partial(_mul(number, apply("pow", base, constant(number - 1.0)))), None


def _modulus(operands: tuple[Node, ...], _: Node) -> Partials:
    steps = apply("floor", apply("div", *operands))
    return Partial(), Partial(_mul(-1.0, steps))


def _choice(operands: tuple[Node, ...], _: Node) -> Partials:
    return None, Partial(mask=operands[0]), Partial(mask=apply("not", operands[0]))


_OTHERS: Final[dict[str, Callable[[tuple[Node, ...], Node], Partials]]] = {
    "add": lambda operands, r: (Partial(),) * len(operands),
    "sub": lambda operands, r: (Partial(), Partial(constant(-1.0))),
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "mod": _modulus,
    "max": ties,
    "min": ties,
    "where": _choice,
    "relu": lambda operands, r: (Partial(mask=apply("gt", operands[0], constant(0.0))),),
}
"""By operands and result. What is not here is a step: comparisons, `sign`, `floor`, `round`, `floordiv`."""


def chosen_element(operand: Node, chosen: Node) -> Partial:
    """The derivative of a maximum or minimum by its elements: 1 at the first that attains it.

    Its place is an integer, so that a kernel which computes the elements again, rounded otherwise, finds the same one.
    """
    assert isinstance(chosen.op, ops.Reduce)
    axes = chosen.op.axes
    if not axes:
        return Partial()
    return Partial(mask=apply("eq", index_over(axes), first_place(operand, chosen, axes)))
