"""Values that are finite whatever the indices: what is under a logarithm or a reciprocal must be more than 0.

Products, and sums of products, are taken to be finite: what 0 · −∞ is worth is not defined. An input may be −∞. A
maximum over what a mask leaves is finite where the mask leaves an index in every row, which its comparisons tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node
from diagc.core.guards import conjuncts
from diagc.core.integers import Affine, Bound, bound

_ANYWAY = frozenset({"mul", "exp", "sigmoid", "tanh", "erf", "sin", "cos"})
_KEEP = frozenset({"add", "sub", "neg", "abs", "min", "max", "relu", "gelu", "silu", "where"})


def finite(current: Node) -> bool:
    """Whether a node is a finite number at every index, where its inputs are what products take."""
    match current.op:
        case ops.Constant(value):
            return math.isfinite(value)
        case ops.Iota() | ops.SizeOf():
            return True
        case ops.Cast() | ops.Spread() | ops.Stop():
            return finite(current.inputs[0])
        case ops.Map(function) if function.name in _ANYWAY:
            return all(
                not isinstance(o.op, ops.Constant) or math.isfinite(o.op.value) for o in current.inputs
            )
        case ops.Map(function) if function.name in _KEEP:
            return all(finite(o) for o in current.inputs if o.dtype.kind != "bool")
        case ops.Reduce("sum"):
            return finite(current.inputs[0])
        case ops.Reduce("max", axes):
            return finite(_left(current.inputs[0], axes))
        case _:
            return False


def positive_sum(current: Node) -> bool:
    """Whether ∑ exp(a − max a) is more than 0: it has a term 1 where the maximum is finite."""
    match current.op:
        case ops.Reduce("sum", axes) if _is(current.inputs[0], "exp") and _is(
            current.inputs[0].inputs[0], "sub"
        ):
            value, reference = current.inputs[0].inputs[0].inputs
            match reference.op:
                case ops.Reduce("max", folded):
                    return set(axes) == set(folded) and reference.inputs[0] is value and finite(reference)
                case _:
                    return False
        case _:
            return False


def _is(current: Node, name: str) -> bool:
    return isinstance(current.op, ops.Map) and current.op.function.name == name


def _left(element: Node, axes: tuple[Axis, ...]) -> Node:
    """What a maximum over axes is taken of: under a mask that leaves an index in every row, what it leaves."""
    if not _is(element, "where") or len(axes) != 1:
        return element
    condition, value, other = element.inputs
    if not isinstance(other.op, ops.Constant) or other.op.value != -math.inf:
        return element
    bounds = [bound(part) for part in conjuncts(condition)]
    found = [b for b in bounds if b is not None]
    left = len(found) == len(bounds) and any(
        all(_always(_placed(b, axes[0], at)) for b in found) for at in _places(axes[0], found)
    )
    return value if left else element


def _places(axis: Axis, bounds: list[Bound]) -> list[Affine]:
    """Indices of an axis to try: the first, the last, and those of other axes of its size."""
    others = {a for b in bounds for a in b.terms if isinstance(a, Axis)} - {axis}
    alike: list[Affine] = [({a: 1}, 0) for a in others if a.size == axis.size]
    last: list[Affine] = [({}, axis.size.value - 1)] if axis.size.value is not None else []
    return [({}, 0), *last, *alike]


def _placed(given: Bound, axis: Axis, at: Affine) -> Affine:
    """The form of a bound with an index for an axis."""
    terms = dict(given.terms)
    times = terms.pop(axis, 0)
    for part, count in at[0].items():
        terms[part] = terms.get(part, 0) + times * count
    return terms, given.constant + times * at[1]


def _always(form: Affine) -> bool:
    """Whether an affine form is at most 0 at every index."""
    terms: Mapping[Axis | Node, int]
    terms, most = form
    for part, count in terms.items():
        if count > 0:
            if not isinstance(part, Axis) or part.size.value is None:
                return False
            most += count * (part.size.value - 1)
        elif count < 0 and not isinstance(part, Axis):
            return False
    return most <= 0
