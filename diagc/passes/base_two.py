"""Exponentials in base two, which is what the hardware computes.

exp(a) = exp2(a·log₂e), and a maximum may be taken after the scaling because log₂e > 0: max(a)·log₂e = max(a·log₂e).
That is done where the factor joins a scale which the exponent has already, and so costs nothing. Elsewhere exp stays:
scaling after the subtraction, as the hardware's exp does, is more accurate for large exponents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.diagram import Diagram, Node, apply, constant, node, substitute, users
from diagc.core.rewrite import Record, Rule, rewrite
from diagc.passes.forms import function
from diagc.passes.normalise import order
from diagc.passes.normalise_scalars import SCALARS

LOG2_E = math.log2(math.e)


def _scaled(current: Node) -> Node:
    """log₂e times a node, with the factor moved inside differences, masks and maxima."""
    name = function(current)
    if name in ("sub", "max"):
        return apply(name, *map(_scaled, current.inputs))
    if name == "where":
        return apply("where", current.inputs[0], _scaled(current.inputs[1]), _scaled(current.inputs[2]))
    if isinstance(current.op, ops.Constant):
        return constant(float(current.op.value) * LOG2_E)
    if isinstance(current.op, ops.Reduce) and current.op.monoid == "max":
        return node(current.op, _scaled(current.inputs[0]))
    return apply("mul", constant(LOG2_E), current)


def _exponential(current: Node) -> Node | None:
    if function(current) != "exp" or not _has_scale(current.inputs[0]):
        return None
    return apply("exp2", _scaled(current.inputs[0]))


def _has_scale(current: Node) -> bool:
    """Whether log₂e times the node can be absorbed by a scalar factor."""
    match function(current):
        case "sub":
            return _has_scale(current.inputs[0])
        case "where":
            return _has_scale(current.inputs[1])
        case "mul":
            return any(not factor.axes for factor in current.inputs)
        case _:
            return False


RULE = Rule("base-two", "exp a = 2^(a·log₂e), and max commutes with a positive factor", _exponential)


@dataclass(frozen=True, slots=True)
class BaseTwo:
    """The pass `base-two`: exponentials of scaled exponents become powers of two."""

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram with `exp2` for `exp`, in normal form."""
        record = record or Record()
        scaled = rewrite(diagram.outputs, (RULE, *SCALARS), record)
        return order(diagram.with_outputs(_share_maxima(scaled)), record)


def _share_maxima(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    """max a = ln 2 · max(a·log₂e): a maximum in natural units is read off the scaled one where there is one.

    Not where elements are compared with it or taken from it: that needs the very number that one of them is.
    """
    reads = users(roots)
    present = set(reads)
    shared: dict[Node, Node] = {}
    for current in present:
        compared = any(function(user) == "eq" or user.inputs[0] in current.inputs for user in reads[current])
        if isinstance(current.op, ops.Reduce) and current.op.monoid == "max" and not compared:
            (scaled,) = rewrite((_scaled(current),), SCALARS, Record())
            if scaled in present:
                shared[current] = apply("mul", constant(math.log(2.0)), scaled)
    return substitute(roots, shared) if shared else roots
