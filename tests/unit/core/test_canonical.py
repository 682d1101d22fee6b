"""The hash of diagrams tells apart what differs in the order of what is ordered, and nothing else."""

from __future__ import annotations

from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.canonical import diagram_hash
from diagc.core.diagram import Array, Diagram, Node, apply, node
from diagc.core.dtypes import DType
from diagc.core.verify import verify

P, Q, C = (Axis(name, Size.symbol(name)) for name in "pqc")
SCALAR = Array(DType.F32)


def given(name: str, *axes: Axis) -> Node:
    return node(ops.Input(name), array=Array(DType.F32, axes))


def hashed(result: Node, *inputs: Node, axes: tuple[Axis, ...] | None = None) -> str:
    layout = Array(result.dtype, result.axes if axes is None else axes)
    diagram = Diagram("f", inputs, (result,), ("out",), (layout,))
    verify(diagram)
    return diagram_hash(diagram)


def scanned(step: Node, state: Node, read: Node) -> str:
    """The hash of a scan over p with a body of one state and one array."""
    body = Diagram("step", (state, read), (step,), ("next",), (SCALAR,))
    start, array = given("start"), given("array", P)
    return hashed(node(ops.Scan(P, body, 1, 0), start, array), start, array)


def test_the_order_of_the_inputs_of_a_body_matters() -> None:
    s, x, other = given("s"), given("x"), given("other")
    forward = scanned(apply("sub", s, x), s, x)
    assert forward != scanned(apply("sub", x, s), s, x)
    assert forward != scanned(apply("sub", s, s), s, x)
    assert forward == scanned(apply("sub", s, other), s, other)


def test_the_axes_of_a_body_are_those_around_it() -> None:
    """A state of p q: the body adds an array along p, or along q."""
    found: set[str] = set()
    for own in (P, Q):
        s, x = given("s", P, Q), given("x", own)
        body = Diagram("step", (s, x), (apply("add", s, x),), ("next",), (Array(DType.F32, (P, Q)),))
        start, first, second = given("start", P, Q), given("a", C, P), given("b", C, Q)
        read = first if own is P else second
        both = apply("add", node(ops.Scan(C, body, 1, 0), start, read), apply("mul", first, second))
        found.add(hashed(both, start, first, second, axes=(C, P, Q)))
    assert len(found) == 2


def test_the_order_of_joined_arrays_matters() -> None:
    """The second array along p and the third along q, or the other way round."""
    arrays = [given(name, P, Q) for name in "xyz"]
    joined = [node(ops.Concat(C, parts), *arrays) for parts in ((P, P, Q), (P, Q, P))]
    assert hashed(joined[0], *arrays) != hashed(joined[1], *arrays)


def test_the_order_of_the_axes_of_drawn_numbers_matters() -> None:
    """They are drawn row by row."""
    drawn = [node(ops.Random("uniform", 1, axes)) for axes in ((P, Q), (Q, P))]
    assert hashed(drawn[0], axes=(P, Q)) != hashed(drawn[1], axes=(P, Q))


def test_the_order_of_folded_axes_does_not_matter() -> None:
    a = given("a", P, Q)
    first, second = (hashed(node(ops.Reduce("sum", axes), a), a) for axes in ((P, Q), (Q, P)))
    assert first == second


def test_one_array_twice_is_not_two_arrays() -> None:
    a, b = given("a"), given("b")
    assert hashed(apply("mul", a, a), a) != hashed(apply("mul", a, b), a, b)
