"""Building blocks of derivatives.

A tangent or cotangent of a node may lack axes of the node: it is the same along them. Masks stay outside: what is
multiplied to `where(c, t, 0)` goes inside, so that an infinite derivative of a branch that is not taken never meets
the zero. Sums of products that were no contraction in the program run in float32 at least.
"""

from __future__ import annotations

from collections.abc import Iterable

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate
from diagc.core.contraction import contraction_dtype
from diagc.core.diagram import (
    Diagram,
    Node,
    apply,
    cast,
    constant,
    node,
    operator_axes,
    reduction,
    size_node,
    spread,
    walk,
)
from diagc.core.dtypes import DType, promote


def is_zero(current: Node) -> bool:
    return isinstance(current.op, ops.Constant) and current.op.value == 0


def mask_of(current: Node) -> tuple[Node, Node] | None:
    """Condition and value of `where(c, v, 0)`."""
    if isinstance(current.op, ops.Map) and current.op.function.name == "where" and is_zero(current.inputs[2]):
        return current.inputs[0], current.inputs[1]
    return None


def masked(condition: Node | None, value: Node) -> Node:
    """`where(c, v, 0)`."""
    return value if condition is None else apply("where", condition, value, constant(0.0))


def scaled(value: Node, *factors: Node) -> Node:
    """The product, inside the masks of the value."""
    inside = mask_of(value)
    if inside is not None:
        return masked(inside[0], scaled(inside[1], *factors))
    is_sum = isinstance(value.op, ops.Map) and value.op.function.name == "add"
    if is_sum and any(map(mask_of, value.inputs)):
        return added([scaled(term, *factors) for term in value.inputs])
    return apply("mul", value, *factors) if factors else value


def added(terms: Iterable[Node]) -> Node:
    """The sum of at least one term; terms under one mask are added inside it."""
    groups: dict[Node | None, list[Node]] = {}
    for term in terms:
        condition, value = mask_of(term) or (None, term)
        groups.setdefault(condition, []).append(value)
    sums = [masked(condition, _plain_sum(values)) for condition, values in groups.items()]
    return _plain_sum(sums)


def _plain_sum(values: list[Node]) -> Node:
    return values[0] if len(values) == 1 else apply("add", *values)


def total(value: Node, axes: Iterable[Axis], like: ops.Reduce | None = None) -> Node:
    """The sum over axes, those included along which the value is the same. `like` has the dtypes of the contraction
    that it belongs to."""
    consumed = tuple(dict.fromkeys(axes))
    if not consumed:
        return value
    inside = mask_of(value)
    if inside is not None and not set(consumed) & set(inside[0].axes):
        return masked(inside[0], total(inside[1], consumed, like))
    element = spread(value, consumed)
    made = reduction("sum", consumed, element)
    rule = contraction_dtype(made)
    wanted = rule if rule is None or like is None else like.compute
    if like is None and rule is not None and rule.precision < DType.F32.precision:
        wanted = DType.F32
    accumulate = None if like is None else like.accumulate
    chosen = ops.Reduce("sum", consumed, None if wanted is rule else wanted, accumulate)
    return reduction("sum", consumed, element, chosen)


def at_axes(value: Node, current: Node) -> Node:
    """A derivative with exactly the axes of its node, in the dtype that the node is computed in."""
    wide = promote([current.dtype])
    return spread(value if value.dtype.kind == "float" else cast(value, wide), current.axes)


def zero_like(current: Node) -> Node:
    return spread(constant(0.0), current.axes)


def index_value(coordinate: Coordinate) -> Node:
    """The index that a coordinate reads, as an integer array over its axes."""
    terms = [apply("mul", size_node(c), node(ops.Iota(a))) for a, c in coordinate.terms]
    value = size_node(coordinate.offset)
    value = apply("add", value, *terms) if terms else value
    if coordinate.divisor.value != 1:
        value = apply("floordiv", value, size_node(coordinate.divisor))
    return value if coordinate.modulus is None else apply("mod", value, size_node(coordinate.modulus))


class FreshAxes:
    """Axes that occur nowhere below the roots; the same calls on the same roots give the same axes."""

    def __init__(self, roots: Iterable[Node]) -> None:
        self._taken: set[str] = set()
        self._note(roots)

    def _note(self, roots: Iterable[Node]) -> None:
        for current in walk(roots):
            self._taken.update(axis.uid for axis in (*current.axes, *operator_axes(current.op)))
            if isinstance(current.op, ops.Scan):
                body: Diagram = current.op.body
                self._note((*body.inputs, *body.outputs))

    def copy(self, axis: Axis) -> Axis:
        """A new axis of the same size."""
        base = axis.uid if "#" in axis.uid else f"{axis.uid}#"
        number = 1
        while f"{base}d{number}" in self._taken:
            number += 1
        self._taken.add(f"{base}d{number}")
        return Axis(f"{base}d{number}", axis.size)
