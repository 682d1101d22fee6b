"""Operations and bytes of a diagram at given sizes: what any implementation has to do at least, masks aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from diagc.backends.plans import normal_form
from diagc.check.entry import Entry
from diagc.core.axes import Axis, in_order
from diagc.core.contraction import contracted_factors
from diagc.core.diagram import Array, walk


def flops(entry: Entry, sizes: Mapping[str, int]) -> int:
    """Two for each point of each contraction of the normal form. Where a mask leaves parts out they count as well."""
    total = 0
    for node in walk(normal_form(entry)[0].outputs):
        factors = contracted_factors(node)
        if factors:
            total += 2 * _points(in_order(axis for factor in factors for axis in factor.axes), sizes)
    return total


def least_bytes(entry: Entry, sizes: Mapping[str, int]) -> int:
    """Every input read once and every output written once."""
    arrays: list[Array] = [*(node.array for node in entry.diagram.inputs), *entry.diagram.layouts]
    return sum(array.dtype.bytes * _points(array.axes, sizes) for array in arrays)


def _points(axes: Iterable[Axis], sizes: Mapping[str, int]) -> int:
    return prod(axis.size.evaluate(sizes) for axis in axes)
