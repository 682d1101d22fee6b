"""What is not well typed is found, with the node and the reason."""

from __future__ import annotations

from typing import Final

import pytest

from diagc.core import ops
from diagc.core.axes import Axis, Coordinate, Size
from diagc.core.diagram import Array, Diagram, Node, apply, constant
from diagc.core.dtypes import DType
from diagc.core.verify import IllTyped, verify

Q, D = Axis("q", Size.symbol("q")), Axis("d", Size.symbol("d"))
X: Final = Node(ops.Input("X"), (), Array(DType.F32, (Q,)))
Y: Final = Node(ops.Input("Y"), (), Array(DType.F32, (D,)))
ROW: Final = Array(DType.F32, (Q,))
BODY: Final = Diagram("step", (), (constant(1.0),), ("state0",), (Array(DType.F32),))


def diagram(result: Node, layout: Array | None = None) -> Diagram:
    return Diagram("f", (X, Y), (result,), ("out",), (layout or result.array,))


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Node(ops.Reduce("sum", (D,)), (X,), ROW), "lacks axis d"),
        (Node(ops.Reduce("sum", ()), (X,), ROW), "nothing is consumed"),
        (Node(ops.Cast(DType.BF16), (X,), ROW), "the type rule gives bf16"),
        (Node(ops.Cast(DType.F32), (X, X), ROW), "2 operands instead of 1"),
        (Node(ops.Map(ops.POINTWISE["sub"]), (X, X, X), ROW), "3 operands for `sub`"),
        (Node(ops.Map(ops.POINTWISE["not"]), (X,), Array(DType.BOOL, (Q,))), "truth value"),
        (Node(ops.View(((D, Coordinate.along(Q)),)), (X,), ROW), "lacks axis d"),
        (Node(ops.Gather(Q), (X, Y), Array(DType.F32, (D,))), "no integers"),
        (Node(ops.Spread((Q,)), (X,), ROW), "has q already"),
        (Node(ops.Scan(Q, BODY, 2, 0), (constant(1.0),), ROW), "other inputs or states"),
        (Node(ops.Input("Z"), (), ROW), "the signature lacks this input"),
        (
            Node(ops.Iota(Axis("q", Size.symbol("n"))), (), Array(DType.I64, (Axis("q", Size.symbol("n")),))),
            "type rule",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_defects_are_found(result: Node, reason: str) -> None:
    with pytest.raises(IllTyped, match=reason):
        verify(diagram(result))


def test_layouts_are_those_of_the_results() -> None:
    verify(diagram(apply("exp", X)))
    with pytest.raises(IllTyped, match="its layout"):
        verify(diagram(apply("exp", X), Array(DType.F32, (D,))))
    with pytest.raises(IllTyped, match="differ in number"):
        verify(Diagram("f", (X,), (X,), (), ()))
