"""What a traced function costs where each operation is a kernel of its own, as eager frameworks run it.

Law: an operation reads its operands and writes its result once; what re-indexes costs nothing. Time is the longer of
moving these bytes and of the products, at the rates that the machine states.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from diagc.core.dtypes import DType
from diagc.importers.cuts import VIEWS
from diagc.importers.traced import Operation, Traced, Variable
from diagc.machine import Machine


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes through memory, FLOP of products, seconds, and how many kernels there are."""

    bytes_moved: int
    flops: int
    seconds: float
    kernels: int


def one_by_one(traced: Traced, machine: Machine) -> Cost:
    """The cost of a function on a machine, operation by operation."""
    stored = {v.number: _bytes(v) for _, v, _ in traced.inputs}
    moved, flops, seconds, kernels = 0, 0, 0.0, 0
    bandwidth = machine.levels["l0"].bandwidth
    for operation in traced.operations:
        own = sum(
            {
                o.number: stored.get(o.number, 0) for o in operation.operands if isinstance(o, Variable)
            }.values()
        )
        if operation.primitive in VIEWS:
            stored |= {r.number: min(own, _bytes(r)) if own else 0 for r in operation.results}
            continue
        stored |= {r.number: _bytes(r) for r in operation.results}
        work, count = products(operation), own + sum(map(_bytes, operation.results))
        rate = machine.rate(DType(operation.results[0].dtype)) or machine.vector.get(DType.F32)
        by_work = work / rate.value if rate is not None else 0.0
        seconds += machine.launch.value if machine.launch is not None else 0.0
        seconds += max(count / bandwidth.value if bandwidth is not None else 0.0, by_work)
        moved, flops, kernels = moved + count, flops + work, kernels + 1
    return Cost(moved, flops, seconds, kernels)


def products(operation: Operation) -> int:
    """FLOP of a product of matrices or a convolution; 0 of all else."""
    result = math.prod(operation.results[0].shape)
    if operation.primitive == "dot_general":
        left: list[int] = operation.params["dimension_numbers"][0][0]
        return 2 * result * math.prod(operation.operands[0].shape[i] for i in left)
    if operation.primitive == "conv_general_dilated":
        weight, out = operation.operands[1].shape, int(operation.params["dimension_numbers"]["rhs_spec"][0])
        return 2 * result * math.prod(weight) // weight[out]
    return 0


def _bytes(array: Variable) -> int:
    return math.prod(array.shape) * DType(array.dtype).bytes
