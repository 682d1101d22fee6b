"""The same computation in another floating-point dtype: inputs, roundings and results change together."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from diagc.check.entry import Entry
from diagc.core import ops
from diagc.core.diagram import Array, Diagram, Node, cast, node, rebuild, with_inputs
from diagc.core.dtypes import DType

CHANGED: Final = (DType.BF16, DType.F16, DType.F32)
"""The dtypes that are exchanged; integers, f64 and 8-bit floats stay."""


def retyped(entry: Entry, dtype: DType) -> Entry:
    """The entry with `dtype` for every dtype in `CHANGED`. Named precisions of contractions stay."""

    def array_of(array: Array) -> Array:
        return replace(array, dtype=dtype) if array.dtype in CHANGED else array

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        if isinstance(current.op, ops.Input):
            return node(current.op, array=array_of(current.array))
        if isinstance(current.op, ops.Cast) and current.op.dtype in (DType.BF16, DType.F16):
            return cast(inputs[0], dtype)
        return with_inputs(current, inputs)

    diagram = entry.diagram
    outputs = tuple(cast(o, array_of(t).dtype) for o, t in zip(diagram.outputs, diagram.layouts, strict=True))
    roots = rebuild((*diagram.inputs, *outputs), change)
    count, layouts = len(diagram.inputs), tuple(map(array_of, diagram.layouts))
    made = Diagram(diagram.name, roots[:count], roots[count:], diagram.output_names, layouts)
    return replace(entry, diagram=made, spans={}, names={}, calls=())
