"""A sum over a product is a contraction: which factors it has, and in which dtype they are multiplied (language §2).

Products of products are one product, so that the meaning does not depend on how a product is bracketed. A factor
without a consumed axis only scales the result: it is not an operand of the contraction and is never narrowed.

>>> from diagc.core.axes import Axis, Size
>>> from diagc.core.diagram import Array, apply, node, reduction
>>> d = Axis("d", Size.symbol("d"))
>>> x, w = (node(ops.Input(name), array=Array(dtype, (d,))) for name, dtype in (("x", DType.F32), ("w", DType.BF16)))
>>> contraction_dtype(reduction("sum", [d], apply("mul", x, w)))
<DType.BF16: 'bf16'>
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.diagram import Node
from diagc.core.dtypes import DType, narrowest_float


def is_product(current: Node) -> bool:
    return isinstance(current.op, ops.Map) and current.op.function.name == "mul"


def product_factors(current: Node) -> tuple[Node, ...]:
    """The factors of a product, nested products flattened; of any other node, the node itself."""
    found: list[Node] = []
    stack = [current]
    while stack:
        top = stack.pop()
        if is_product(top):
            stack.extend(reversed(top.inputs))
        else:
            found.append(top)
    return tuple(found)


def is_sum(current: Node) -> bool:
    return isinstance(current.op, ops.Reduce) and current.op.monoid == "sum"


def summed_factors(current: Node) -> tuple[Node, ...]:
    """The factors of the product that a sum folds, nested products flattened; empty for any other node."""
    return product_factors(current.inputs[0]) if is_sum(current) and is_product(current.inputs[0]) else ()


def factors_read(current: Node) -> tuple[Node, ...]:
    """What the evaluation of a node reads: a sum of a product reads the factors, never their product."""
    return summed_factors(current) or current.inputs


def contracted_factors(current: Node) -> tuple[Node, ...]:
    """Those factors that have a consumed axis, when there are two or more; else empty: an ordinary sum."""
    op = current.op
    consumed = set(op.axes) if isinstance(op, ops.Reduce) else set[object]()
    found = tuple(factor for factor in summed_factors(current) if consumed.intersection(factor.axes))
    return found if len(found) > 1 else ()


def contraction_dtype(current: Node) -> DType | None:
    """The dtype to which the contracted factors are rounded; None for an ordinary sum and for integers."""
    factors = contracted_factors(current)
    if not factors or not isinstance(current.op, ops.Reduce):
        return None
    dtypes = [factor.dtype for factor in factors]
    if all(dtype.kind != "float" for dtype in dtypes):
        return None
    return current.op.compute or narrowest_float(dtypes)


def own_axes(factors: Sequence[Node]) -> list[set[Axis]]:
    """For each factor its axes that some other factor lacks."""
    return [{a for a in factor.axes if any(a not in f.axes for f in factors)} for factor in factors]


def matrix_sides(
    factors: Sequence[Node], among: Collection[Axis]
) -> tuple[tuple[Node, ...], tuple[Node, ...]] | None:
    """The factors by the two sides of a matrix product, or None where they are none.

    Of the axes `among`, which the product keeps, each side has some that the other lacks; a factor with a part of those
    of a side belongs to it. Whether factors have the consumed axes is not asked.
    """
    kept = [frozenset(axis for axis in factor.axes if axis in among) for factor in factors]
    widest = list(dict.fromkeys(k for k in kept if not any(k < other for other in kept)))
    if len(widest) != 2:
        return None
    left = tuple(f for f, k in zip(factors, kept, strict=True) if k <= widest[0])
    return left, tuple(f for f in factors if f not in left)


def multiplies(reduction: Node, counts: Callable[[Axis], bool] = lambda axis: True) -> bool:
    """Whether a contraction is a product of matrices, of axes that count as sides."""
    return _sides(reduction, counts) is not None


def tile_sides(
    reduction: Node, blocked: Collection[Axis]
) -> tuple[tuple[Node, ...], tuple[Node, ...]] | None:
    """The factors by the two sides of what a matrix unit multiplies on tiles of the `blocked` axes, or None.

    It takes two matrices with one axis that both have and that is summed, and one of its own each.
    """
    sides = _sides(reduction, blocked.__contains__)
    summed = [a for a in reduction.op.axes if a in blocked] if isinstance(reduction.op, ops.Reduce) else []
    if sides is None or len(summed) != 1:
        return None
    first, second = ({a for f in side for a in f.axes if a in blocked and a != summed[0]} for side in sides)
    each = all(any(summed[0] in f.axes for f in side) for side in sides)
    return sides if each and len(first) == len(second) == 1 and not first & second else None


def _sides(
    reduction: Node, counts: Callable[[Axis], bool]
) -> tuple[tuple[Node, ...], tuple[Node, ...]] | None:
    consumed = reduction.op.axes if isinstance(reduction.op, ops.Reduce) else ()
    factors = contracted_factors(reduction)
    kept = {a for f in factors for a in f.axes if a not in consumed and counts(a)}
    return matrix_sides(factors, kept) if factors else None
