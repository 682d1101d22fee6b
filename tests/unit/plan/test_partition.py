"""Where diagrams are cut, and that each reason for a cut is one that the diagram gives."""

from __future__ import annotations

import pytest

from diagc.backends.fitting import fitting
from diagc.backends.launches import resident_axes
from diagc.backends.plans import kernels
from diagc.core import ops
from diagc.core.diagram import Diagram
from diagc.core.dtypes import DType
from diagc.passes.base_two import BaseTwo
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.plan.config import has_dot
from diagc.plan.obstacles import reductions_of, unmultiplied
from diagc.plan.partition import Held, Stage, partition
from diagc.plan.parts import parted_axes
from diagc.plan.structure import structure
from tests.unit.specs import ROOT, entry, spec_entries


def stages(text: str, held: Held = "short") -> tuple[Stage, ...]:
    normal = Normalise().run(entry(text).diagram)
    return partition(MaskedFactors().run(BaseTwo().run(normal)), held=held)


def test_short_axes_of_results_are_held_beside_the_folds_that_lack_them() -> None:
    """Programs that shared out the slots would repeat the fold for each, and a longer axis is shared out as before."""
    text = "axis q, x, slot: {}\nfn f(S: f32[q x], w: f32[slot]) -> f32[q slot] {{ return max[x](S) * w }}"
    (one,) = stages(text.format(6))
    assert {a.name: (e.kind, e.beside) for a, e in one.structure.extents.items()} == {
        "x": ("stream", False), "slot": ("resident", True), "q": ("one", False),
    }  # fmt: skip
    assert len(stages(text.format(64))) == 2


def written(made: tuple[Stage, ...]) -> list[set[str]]:
    """For each kernel the axes of what it writes."""
    return [{a.name for array in s.diagram.layouts for a in array.axes} for s in made]


def names(diagram: Diagram) -> list[str]:
    return [str(n.op.name) for n in diagram.inputs if isinstance(n.op, ops.Input)]


ATTEND = """axis q, x, d, e
fn f(Q: bf16[q d], K: bf16[x d], V: bf16[x e]) -> bf16[q e] { return sum[x](softmax[x](sum[d](Q * K)) * V) }"""
GATED = """axis b, i, h, o
fn f(X: bf16[b i], W: bf16[i h], U: bf16[i h], D: bf16[h o]) -> bf16[b o] {
  return sum[h](silu(sum[i](X * W)) * sum[i](X * U) * D)
}"""


def test_one_kernel_where_what_is_held_is_short() -> None:
    assert len(stages(ATTEND)) == 1


def test_scores_are_stored_where_what_is_held_is_long() -> None:
    assert written(stages(ATTEND, "long")) == [{"q", "x"}, {"q", "e"}]


def test_a_literal_size_decides_by_itself() -> None:
    assert len(stages(ATTEND.replace("d, e", "d: 512, e: 64"))) == 2
    assert len(stages(ATTEND.replace("d, e", "d: 64, e: 64"))) == 1


def test_both_products_of_a_gated_layer_share_a_kernel_which_stores_what_the_next_multiplies() -> None:
    first, second = stages(GATED, "long")
    (buffer,) = first.diagram.layouts
    assert buffer.dtype is DType.BF16
    assert {n.op.name for n in first.diagram.inputs} == {"X", "W", "U"}
    assert len(first.structure.passes) == 1
    assert len(second.diagram.inputs) == 2


def test_a_projection_is_not_repeated_by_every_block_of_queries() -> None:
    made = stages("""axis q, x, d, m
    fn f(Q: bf16[q d], X: bf16[x m], W: bf16[m d], V: bf16[x d]) -> bf16[q d] {
      K = sum[m](X * W)
      return sum[x](softmax[x](sum[d](Q * K)) * V)
    }""")
    assert written(made) == [{"x", "d"}, {"q", "d"}]
    assert made[0].diagram.layouts[0].dtype is DType.BF16


def test_results_over_different_axes_get_kernels_of_their_own() -> None:
    made = stages("""axis a, b
    fn f(X: f32[a b]) -> (A: f32[a], B: f32[b]) { return sum[b](X * X), sum[a](X * X) }""")
    assert sorted(map(sorted, written(made))) == [["a"], ["b"]]


def test_results_of_one_pass_share_a_kernel() -> None:
    made = stages(ATTEND.replace("-> bf16[q e] {", "-> (O: bf16[q e], L: f32[q]) {").replace(
        "return sum[x](softmax[x](sum[d](Q * K)) * V)",
        "S = sum[d](Q * K) return sum[x](softmax[x](S) * V), logsumexp[x](S)",
    ))  # fmt: skip
    assert len(made) == 1


def test_the_mean_over_rows_follows_the_rows() -> None:
    made = stages("""axis t, v: 50000, d
    fn f(X: bf16[t d], W: bf16[v d]) -> f32 { return mean[t](logsumexp[v](sum[d](X * W))) }""")
    assert written(made) == [{"t"}, set()]
    assert len(made[0].structure.passes) == 1


def test_a_reindexing_of_what_is_computed_reads_it_from_memory() -> None:
    made = stages("""axis n, i, k: 3
    fn f(X: f32[n], W: f32[k]) -> f32[i] {
      return sum[k]((X * rsqrt(sum[n](X * X)))[n -> i + k else 0] * W)
    }""")
    assert len(made) == 2


GROUPED = """axis b, t, x, kv: 2, g: 2, d: 64
fn f(Q: bf16[b t kv g d], K: bf16[b x kv d], V: bf16[b x kv d]) -> bf16[b t kv g d] {
  S = where(x <= t, sum[d](Q * K), -inf)
  return sum[x](softmax[x](S) * V)
}"""
QUERY = """axis b, kv, g, q: 1, x, d: 64
fn f(Q: bf16[b kv g q d], K: bf16[b kv x d], V: bf16[b kv x d]) -> bf16[b kv g q d] {
  return sum[x](softmax[x](sum[d](Q * K)) * V)
}"""
ACTIVATED = """axis b, h, o
fn f(U: f32[b h], G: f32[b h], D: bf16[h o]) -> f32[b o] { return sum[h](U * relu(G) * D) }"""


def tiled(stage: Stage) -> set[str]:
    return {axis.name for axis, extent in stage.structure.extents.items() if extent.kind == "tile"}


def test_rows_are_tiled_and_not_the_two_heads_of_a_group() -> None:
    (made,) = stages(GROUPED)
    assert tiled(made) == {"t"}


def test_one_query_leaves_the_tile_to_the_heads_that_share_a_cache_and_the_cache_is_read_in_parts() -> None:
    (made,) = stages(QUERY)
    assert tiled(made) == {"g"}
    assert [axis.name for axis in parted_axes(made.structure)] == ["x"]
    (many,) = stages(QUERY.replace("q: 1", "q"))
    assert parted_axes(many.structure) == ()


def test_a_side_may_be_a_product_of_factors() -> None:
    (made,) = stages(ACTIVATED)
    assert tiled(made) == {"b", "o"}
    assert has_dot(made.structure)


def test_two_factors_over_the_same_axes_are_no_product_of_matrices() -> None:
    (made,) = stages("axis b, h\nfn f(U: f32[b h], G: f32[b h]) -> f32[b] { return sum[h](U * G) }")
    assert not has_dot(made.structure)


@pytest.mark.parametrize("spec", ["transformer/block", "attention/latent"])
def test_no_kernel_holds_more_than_its_configurations_do(spec: str) -> None:
    for found in spec_entries(ROOT / "specs" / f"{spec}.diag").values():
        for variant in kernels(found).variants:
            held = [axis.size.value or 0 for axis in resident_axes(variant.kernel)]
            assert not variant.multiplies or max(held, default=0) <= variant.configs[-1].max_resident


# ---- products on tiles


@pytest.mark.parametrize("spec", ["attention/latent", "attention/masks", "moe/routing", "norm/fused"])
def test_every_product_of_matrices_is_one_on_the_tiles_of_its_kernel(spec: str) -> None:
    """Of results and gradients; else the lowering multiplies broadcast tiles on vector units."""
    for found in spec_entries(ROOT / "specs" / f"{spec}.diag").values():
        for plan in kernels(found).every_plan:
            for launch in plan.launches:
                made = structure(launch.diagram)
                assert unmultiplied(made, reductions_of(made.diagram.outputs)) == [], made.diagram.name


SLOPE = """axis q, x, d
fn f(Q: bf16[q d], K: bf16[x d]) -> f32[] { return sum[q x](exp(sum[d](Q * K)) * (q - x)) }"""


def test_a_fold_over_two_axes_of_a_product_is_a_fold_of_folds() -> None:
    assert written(stages(SLOPE)) == [{"q"}, set()]
    assert has_dot(stages(SLOPE)[0].structure)


NORMED = """axis row, n, o
fn f(X: bf16[row n], w: f32[n], b: f32[n], W: bf16[n o]) -> bf16[row o] {
  return sum[n](layer_norm[n](X, w, b) * W)
}"""


def test_statistics_are_written_where_they_would_double_a_product() -> None:
    assert written(stages(NORMED)) == [{"row"}, {"row", "o"}]


def test_a_scale_alone_doubles_nothing() -> None:
    assert len(stages(NORMED.replace("layer_norm[n](X, w, b)", "rms_norm[n](X, w)"))) == 1


LAYER = """axis b, i, h, o
fn f(G: bf16[b h], U: bf16[b h], D: bf16[h o]) -> bf16[b o] { return sum[h](silu(G) * U * D) }"""


def test_a_side_with_a_special_function_is_written_once() -> None:
    made = stages(LAYER)
    assert written(made) == [{"b", "h"}, {"b", "o"}]
    assert made[0].diagram.layouts[0].dtype is DType.BF16


def test_a_side_stays_in_the_product_where_it_is_light_or_the_other_side_is_short() -> None:
    assert len(stages(LAYER.replace("silu(G)", "(G + G * G)"))) == 1
    assert len(stages(LAYER.replace("h, o", "h, o: 64"))) == 1


def test_what_a_fold_of_the_kernel_makes_is_not_written() -> None:
    assert len(stages(ATTEND)) == 1


def test_both_gates_are_written_by_the_product_that_their_gradients_read() -> None:
    (long,) = [d for d in kernels(entry(GATED)).differentiated if d.name.endswith("_long")]
    outputs = [
        len(launch.diagram.outputs) for launch in long.backward.launches if "D" in names(launch.diagram)
    ]
    assert outputs == [2]


LAYERS = """axis b, i: 64, h: {0}, w: {0}
fn f(X: f32[b i], A: f32[i h], B: f32[h w], c: f32[w]) -> f32[] {{
  H = relu(sum[i](X * A))
  return sum[b](max[w](relu(sum[h](H * B)) * c))
}}"""


def test_weights_that_shared_memory_has_no_room_for_are_taken_in_pieces() -> None:
    """A program of sm_90 has 227 KiB: 128 × 128 and 64 × 128 numbers are 96, 256 × 256 alone are 256."""
    assert len(stages(LAYERS.format(128))) == 1
    first, last = stages(LAYERS.format(256))
    assert written((first, last)) == [{"b", "w"}, set()]
    kinds = {axis.name: extent.kind for axis, extent in first.structure.extents.items()}
    assert kinds["h"] == "stream" and kinds["b"] == "tile"


LATENT = """axis b: 2, q: 1, h: 1, d: 32, p: 16, x: 64, r: {}, e: 32
fn f(Q: f32[b q h d], R: f32[b q h p], C: f32[b x r], T: f32[b x p], U: f32[h d r], W: f32[h e r]) -> f32[b q h e] {{
  s = sum[d](Q * sum[r](C * U)) + sum[p](R * T)
  return sum[x](softmax[x](s) * sum[r](C * W))
}}"""


@pytest.mark.parametrize("width", [256, 512])
def test_axes_that_are_too_long_together_are_not_held_together(width: int) -> None:
    """With one row and one head nothing is a product of matrices, and a tile would have all three folded axes."""
    plans = kernels(entry(LATENT.format(width)), {}, gradients=False).plans
    assert fitting(plans, {}) is not None
