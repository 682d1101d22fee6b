"""What a function costs operation by operation, against counts by hand."""

from __future__ import annotations

from diagc.importers.traced import Graph, Traced
from diagc.machine import machine
from diagc.optimise.operations import one_by_one


def test_products_and_bytes_are_counted_by_hand() -> None:
    graph = Graph()
    a, b = graph.variable("f32", (4, 8)), graph.variable("f32", (8, 16))
    numbers = [[[1], [0]], [[], []]]
    product = graph.emit("dot_general", (a, b), "f32", (4, 16), dimension_numbers=numbers)
    turned = graph.emit("transpose", (product,), "f32", (16, 4), permutation=[1, 0])
    result = graph.emit("mul", (turned, turned), "f32", (16, 4))
    traced = Traced("f", (("a", a, ()), ("b", b, ())), tuple(graph.operations), (result,))
    found = one_by_one(traced, machine("h200"))
    assert found.flops == 2 * 4 * 8 * 16
    assert found.bytes_moved == 4 * (4 * 8 + 8 * 16 + 4 * 16) + 4 * (16 * 4 + 16 * 4)
    assert found.kernels == 2
