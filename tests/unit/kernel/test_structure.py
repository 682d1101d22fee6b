"""What streams, what is held on chip, and why a pass cannot be joined."""

from __future__ import annotations

import pytest

from diagc.backends.plans import kernels, normal_form
from diagc.core.axes import Axis
from diagc.diagnostics import DiagnosticError
from diagc.kernel.ir import Bound, Dot, Load, Loop, Search, bound_values
from diagc.plan.config import configurations
from diagc.plan.structure import Structure, structure
from tests.unit.specs import entry

HEADER = "axis q, x, d, n, row\n"
SCORES = "fn f(Q: f32[q d], K: f32[x d], V: f32[x d]) -> f32[q d] {\n  S = sum[d](Q * K)\n"


def planned(text: str) -> Structure:
    return structure(normal_form(entry(HEADER + text))[0])


def kinds(found: Structure) -> dict[str, str]:
    return {axis.name: extent.kind for axis, extent in found.extents.items()}


def test_weighted_sum_streams_in_one_pass() -> None:
    found = planned(SCORES + "  return sum[x](softmax[x](S) * V)\n}")
    assert kinds(found) == {"x": "stream", "d": "resident", "q": "tile"}
    (only,) = found.passes
    maximum, total, weighted = only.algebra.components
    assert maximum.rescale.is_identity
    assert [c.monoid for c in only.algebra.components] == ["max", "sum", "sum"]
    for component in (total, weighted):
        ((base, sign, term),) = component.rescale.exponents
        assert (base, sign, term) == ("exp", -1, maximum.reduction)


def test_centred_squares_stream_with_their_mean() -> None:
    found = planned("fn f(X: f32[row n]) -> f32[row] { return variance[n](X) }")
    (only,) = found.passes
    assert [c.counts for c in only.algebra.components] == [False, True, False, False]


def test_a_threshold_at_an_earlier_maximum_does_not_stream() -> None:
    found = planned("fn f(X: f32[row n]) -> f32[row] { m = max[n](X)\n return sum[n](max(X - m + 1, 0)) }")
    assert len(found.passes) == 2
    assert found.passes[1].reason is not None
    assert "`max(0, X + 1 - max[n](X))` mixes the streamed axis" in found.passes[1].reason


def test_rows_can_be_held_whole() -> None:
    normal = normal_form(entry(HEADER + "fn f(X: f32[row n]) -> f32[row n] { return softmax[n](X) }"))[0]
    assert structure(normal).stored_axis is not None
    held = structure(normal, resident_rows=True)
    assert not held.passes
    assert kinds(held) == {"n": "resident", "row": "one"}


def test_causal_mask_bounds_the_loops_and_vanishes_from_whole_tiles() -> None:
    mask = SCORES + "  return sum[x](softmax[x](where(x <= q, S, -inf)) * V)\n}"
    kernel = kernels(entry(HEADER + mask)).variants[0].kernel
    full, partial = (s for s in kernel.body if isinstance(s, Loop))
    assert (full.phase, partial.phase) == ("full", "partial")
    assert _axes_of(full.stop) == {("q", "first")}  # x ≤ q holds throughout up to the first row
    assert _axes_of(partial.stop) == {("q", "last")}  # and somewhere up to the last one
    assert not any(getattr(s, "function", "") == "where" for s in full.body)
    assert any(getattr(s, "function", "") == "where" for s in partial.body)


def _axes_of(bound: Bound) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for part in bound.parts:
        if isinstance(part, Bound):
            found |= _axes_of(part)
        else:
            found |= {(axis.name, end) for axis, end, _ in part.terms}
    return found


def test_a_window_has_tiles_before_inside_and_after() -> None:
    window = SCORES + "  return sum[x](softmax[x](where(x <= q and x > q - 128, S, -inf)) * V)\n}"
    kernel = kernels(entry(HEADER + window)).variants[0].kernel
    assert [s.phase for s in kernel.body if isinstance(s, Loop)] == ["partial", "full", "partial"]


def test_a_mask_that_no_index_decides_stays_in_every_tile() -> None:
    text = "fn f(Q: f32[q d], K: f32[x d], V: f32[x d], ok: bool[x]) -> f32[q d] {\n  S = sum[d](Q * K)\n"
    kernel = (
        kernels(entry(HEADER + text + "  return sum[x](softmax[x](where(ok, S, -inf)) * V)\n}"))
        .variants[0]
        .kernel
    )
    for loop in (s for s in kernel.body if isinstance(s, Loop)):
        assert any(getattr(s, "function", "") == "where" for s in loop.body)


def test_shared_axes_are_not_tiled() -> None:
    text = "axis g\nfn f(A: bf16[g q d], B: bf16[x d]) -> bf16[g q x] { return sum[d](A * B) }"
    kernel = kernels(entry(HEADER + text)).variants[0].kernel
    tiles = {axis.name: extent.kind for axis, extent in kernel.extents.items()}
    assert tiles == {"d": "stream", "g": "one", "q": "tile", "x": "tile"}
    assert sum(isinstance(s, Dot) for s in kernel.statements()) == 2  # whole tiles, and the cut one


def test_what_no_kernel_is_made_for_says_so_once() -> None:
    with pytest.raises(DiagnosticError) as caught:
        kernels(entry(HEADER + "fn f(X: f32[row n]) -> f32[row n] { return X + normal[row n]() }"))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.help is not None) == ("E0702", True)


def test_walked_axes_surround_the_blocked_loop() -> None:
    axes = "axis k: 3, c, o, i: n - 2\n"
    found = planned(
        axes + "fn f(X: f32[n c], W: f32[k c o]) -> f32[i o] { return sum[k c](X[n -> i + k] * W) }"
    )
    (only,) = found.passes
    assert {axis.name for axis in only.axes} == {"k", "c"}
    assert isinstance(only.axes[0], Axis)


def test_programs_share_what_a_loop_reads_for_a_reduction_that_is_no_product() -> None:
    text = "fn f(Q: f32[q d], K: f32[x d]) -> f32[q] { return min[x](sum[d](abs(Q - K))) }"
    found = planned(text)
    assert kinds(found) == {"x": "stream", "d": "resident", "q": "tile"}
    for config in configurations(found):
        blocks = {axis.name: block for axis, block in config.blocks}
        assert blocks["q"] * blocks["x"] * config.max_resident <= 16_384  # 64 float32 a thread of 8 warps


def test_programs_take_what_lies_side_by_side_in_memory() -> None:
    columns = "fn f(X: f32[row n]) -> f32[n] { return sum[row](X) }"
    rows = columns.replace("[row n]", "[n row]")
    shifted = "axis i: row - 2\nfn f(X: f32[row n]) -> f32[n] { return sum[i](X[row -> i + 2]) }"
    assert kinds(planned(columns)) == {"row": "stream", "n": "tile"}
    assert kinds(planned(rows)) == {"row": "stream", "n": "one"}
    assert kinds(planned(shifted))["n"] == "tile"
    for variant in kernels(entry(HEADER + columns)).variants:
        for config in variant.configs:
            blocks = {axis.name: block for axis, block in config.blocks}
            assert blocks["n"] * 4 >= 32  # bytes of a line
            assert blocks["n"] * blocks.get("row", config.max_resident) <= 32 * 32 * config.warps


def test_a_search_reads_what_chooses_before_the_loop() -> None:
    ids = "fn f(Q: f32[q d], K: f32[x d], V: f32[x d], a: i32[q], b: i32[x]) -> f32[q d] {\n  S = sum[d](Q * K)\n"
    kernel = (
        kernels(entry(HEADER + ids + "  return sum[x](softmax[x](where(a == b, S, -inf)) * V)\n}"))
        .variants[0]
        .kernel
    )
    (search,) = (s for s in kernel.body if isinstance(s, Search))
    loads = [s.source for s in search.body if isinstance(s, Load)]
    assert [getattr(source.op, "name", "") for source in loads] == ["b"]
    for loop in (s for s in kernel.body if isinstance(s, Loop)):
        assert set(bound_values(loop.stop)) >= {search.past}
        assert any(getattr(s, "function", "") == "where" for s in loop.body)


def test_no_search_where_an_index_costs_no_more_in_the_loop() -> None:
    text = "fn f(w: f32[x], a: i32[], b: i32[x]) -> f32[] { return sum[x](where(a == b, w, 0)) }"
    (only,) = planned(text).passes
    assert only.search is None
