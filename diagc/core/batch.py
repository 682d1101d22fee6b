"""The batch: an axis for each source, woven through all that its columns reach.

Types of a learning diagram are those of one sample. Every sample draws its own random numbers.
"""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Node, node, rebuild, spread, with_inputs


def batch_axis(source: str) -> Axis:
    """The batch axis of a source; its size is free."""
    return Axis(f"batch#{source}", Size.symbol(f"batch.{source}"))


def woven(roots: tuple[Node, ...], batch: Axis) -> tuple[Node, ...]:
    """The terms of one sample as terms of a batch, its axis first."""
    return rebuild(roots, lambda current, inputs: _woven(current, inputs, batch))


def _woven(current: Node, inputs: tuple[Node, ...], batch: Axis) -> Node:
    """The node over operands that may have gained the batch axis."""
    match current.op:
        case ops.Input(_, "tensor"):
            return batched(current, batch)
        case ops.Random(distribution, place, axes):
            return node(ops.Random(distribution, place, (batch, *axes)))
        case ops.Concat() if any(batch in i.axes for i in inputs):
            return node(current.op, *(spread(i, (batch,)) for i in inputs))
        case ops.Scan() as op if any(batch in i.axes for i in inputs):
            starts = (spread(i, (batch,)) for i in inputs[: op.states])
            return node(op, *starts, *inputs[op.states :])
        case _:
            return with_inputs(current, inputs)


def batched(current: Node, batch: Axis) -> Node:
    """An input of a sample as an input of a batch."""
    array = current.array
    return node(current.op, array=Array(array.dtype, (batch, *array.axes), array.index_of))
