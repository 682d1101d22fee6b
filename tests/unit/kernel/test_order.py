"""The order of programs, against the work that each of them has."""

from __future__ import annotations

from itertools import pairwise

import pytest

from diagc.backends.plans import kernels
from diagc.kernel.ir import Bound, Edge, Kernel, Loop
from diagc.kernel.order import descending, is_even, shared_pair
from tests.unit.specs import entry

BLOCK, ROWS, COLUMNS = 64, 512, 1024


def kernel(mask: str) -> Kernel:
    text = f"""
      axis q, x, d
      fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {{
        S = sum[d](Q * K)
        return sum[x](softmax[x](where({mask}, S, -inf)) * V)
      }}"""
    return kernels(entry(text), gradients=False).variants[0].kernel


def visited(found: Kernel) -> list[int]:
    """How many keys the loops of each tile of rows cover, by their bounds."""

    def edge(part: Edge | Bound, first: int) -> int:
        if isinstance(part, Bound):
            inside = [edge(p, first) for p in part.parts]
            value = max(inside) if part.kind == "max" else min(inside)
            return {"none": value, "down": value // BLOCK * BLOCK, "up": -(-value // BLOCK) * BLOCK}[
                part.rounding
            ]
        ends = {"first": first, "last": min(first + BLOCK, ROWS) - 1}
        return sum(c * ends[end] for _, end, c in part.terms) + part.offset.evaluate(
            {"x": COLUMNS, "q": ROWS}
        )

    loops = [s for s in found.statements() if isinstance(s, Loop)]
    return [
        sum(max(edge(loop.stop, first) - edge(loop.start, first), 0) for loop in loops)
        for first in range(0, ROWS, BLOCK)
    ]


@pytest.mark.parametrize(
    ("mask", "grows"),
    [
        ("x <= q", True),
        ("x <= q + 3", True),
        ("x <= 2 * q", True),
        ("q <= x", False),
        ("x + q < 900", False),
        ("x <= q and q - x < 100", False),
        ("x < 300", False),
    ],
)
def test_loops_that_grow_come_longest_first(mask: str, grows: bool) -> None:
    found = kernel(mask)
    amounts = visited(found)
    assert bool(descending(found)) == grows
    if grows:
        assert all(a <= b for a, b in pairwise(amounts)) and amounts[0] < amounts[-1]
    assert is_even(found) == (len(set(amounts)) == 1)


def test_programs_of_a_product_share_rows_and_columns() -> None:
    text = "axis m, n, k\nfn f(A: bf16[m k], B: bf16[k n]) -> bf16[m n] { return sum[k](A * B) }"
    found = kernels(entry(text), gradients=False).variants[0].kernel
    assert {axis.name for axis in shared_pair(found) or ()} == {"m", "n"}
    assert is_even(found)
    assert shared_pair(kernel("x < 300")) is None
