"""Operations and bytes of a diagram at given sizes: what any implementation has to do at least, masks aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from diagc.core.axes import Axis, in_order
from diagc.core.contraction import contracted_factors
from diagc.core.diagram import Array, Diagram, walk


def flops(diagram: Diagram, sizes: Mapping[str, int]) -> int:
    """Two for each point of each contraction of a diagram in normal form. What a mask leaves out counts as well."""
    total = 0
    for node in walk(diagram.outputs):
        factors = contracted_factors(node)
        if factors:
            total += 2 * _points(in_order(axis for factor in factors for axis in factor.axes), sizes)
    return total


def least_bytes(diagram: Diagram, sizes: Mapping[str, int]) -> int:
    """Every input read once and every output written once."""
    arrays: list[Array] = [*(node.array for node in diagram.inputs), *diagram.layouts]
    return sum(array.dtype.bytes * _points(array.axes, sizes) for array in arrays)


def _points(axes: Iterable[Axis], sizes: Mapping[str, int]) -> int:
    return prod(axis.size.evaluate(sizes) for axis in axes)
