"""The place of an extremum: min over a of where(a = max a, index, last index). Ties go to the lowest index.

Of several axes it is the row-major index over them in their order. A row whose extremum no element equals (NaN) has
the last index, which is one that can be read.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagc.core import ops
from diagc.core.axes import ONE, Axis
from diagc.core.diagram import Node, apply, node, reduction, size_node
from diagc.core.dtypes import DType


def index_over(axes: Sequence[Axis]) -> Node:
    """The row-major index over axes, an i32 array over them."""
    step, terms = ONE, list[Node]()
    for axis in reversed(axes):
        index = node(ops.Iota(axis))
        terms.append(index if step == ONE else apply("mul", size_node(step), index))
        step = step * axis.size
    return node(ops.Cast(DType.I32), terms[0] if len(terms) == 1 else apply("add", *reversed(terms)))


def first_place(values: Node, extremum: Node, axes: Sequence[Axis]) -> Node:
    """The lowest index over `axes` at which `values` has its extremum, i32 without these axes."""
    count = ONE
    for axis in axes:
        count = count * axis.size
    last = node(ops.Cast(DType.I32), size_node(count - 1))
    found = apply("where", apply("eq", values, extremum), index_over(axes), last)
    return reduction("min", axes, found)
