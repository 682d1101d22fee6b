"""Laws of logarithms, and of conditions that are known to hold: what a divergence of distributions is made of.

A number counts as more than 0 where its form shows it: an exponential of a finite number, a sum of exponentials below
its own maximum, and products of such. `tests/properties` tests each law on random input.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.diagram import Node, apply, constant, spread
from diagc.core.finite import finite, positive_sum
from diagc.core.rewrite import Rule
from diagc.passes.forms import function, literal


def _shown(current: Node) -> bool:
    """Whether a node is more than 0 at every index."""
    match current.op:
        case ops.Constant(value):
            return value > 0
        case ops.Cast() | ops.Spread():
            return _shown(current.inputs[0])
        case ops.Map() if function(current) in ("mul", "recip", "sqrt", "rsqrt"):
            return all(map(_shown, current.inputs))
        case ops.Map() if function(current) in ("exp", "exp2"):
            return finite(current.inputs[0])
        case _:
            return positive_sum(current)


def _logarithm(current: Node) -> Node | None:
    """log (a·b) = log a + log b, log a⁻¹ = −log a, log exp a = a."""
    if function(current) != "log":
        return None
    inner = current.inputs[0]
    name = function(inner)
    if name == "exp":
        made = inner.inputs[0]
    elif name == "recip" and _shown(inner.inputs[0]):
        made = apply("mul", constant(-1.0), apply("log", inner.inputs[0]))
    elif name == "mul" and all(map(_shown, inner.inputs)):
        made = apply("add", *(apply("log", factor) for factor in inner.inputs))
    else:
        return None
    return made if made.dtype is current.dtype else None


def _shown_condition(current: Node) -> Node | None:
    """where(a > 0, b, c) = b where a is more than 0."""
    if function(current) != "where" or function(current.inputs[0]) != "gt":
        return None
    (left, right), value = current.inputs[0].inputs, current.inputs[1]
    if literal(right) != 0 or isinstance(left.op, ops.Reduce) or not _shown(left):
        return None  # that a sum is more than 0 is asked for empty rows, and stays beside what divides by it
    made = spread(value, current.axes)
    return made if made.dtype is current.dtype else None


LOGARITHMS = (
    Rule("logarithm", "log (a·b) = log a + log b; log a⁻¹ = −log a; log exp a = a", _logarithm),
    Rule("shown-condition", "where(a > 0, b, c) = b for a > 0", _shown_condition),
)
