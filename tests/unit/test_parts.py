"""Regions of a function some parts of which have no diagram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from diagc.importers import jax_trace
from diagc.importers.function import ImportedParts
from diagc.importers.traced import Graph
from diagc.modules import module_of
from diagc.optimise.function import Optimised
from diagc.optimise.parts import optimised_parts
from diagc.optimise.regions import Unit, regions


def layer(x: Any, w: Any) -> Any:
    q = (x @ w).reshape(2, 64, 4, 8).transpose(0, 2, 1, 3)
    s = jnp.where(jnp.tri(64, dtype=bool), q @ q.swapaxes(-1, -2), -jnp.inf)
    y = (jax.nn.softmax(s, axis=-1) @ q).transpose(0, 2, 1, 3).reshape(2, 64, 32)
    return jnp.sort(y, axis=-1)


def dropped(q: Any, k: Any, v: Any, seed: Any) -> Any:
    s = q @ k.swapaxes(-1, -2) / 8.0
    keep = jax.random.bernoulli(jax.random.key(seed), 0.9, s.shape)
    return jnp.where(keep, jax.nn.softmax(s, -1) / 0.9, 0.0) @ v


FILE, SHAPES = Path(__file__), [("float32", (2, 64, 32)), ("float32", (32, 32))]
FIRST = layer.__code__.co_firstlineno


def optimised(tmp_path: Path, least_bytes: int) -> Optimised:
    parts = jax_trace.parts(layer, "layer", str(FILE), SHAPES)
    return optimised_parts(ImportedParts(parts, "jax", (), False), FILE, "layer", least_bytes, tmp_path, "no")


def test_attention_is_replaced_and_what_is_around_it_stays_with_its_line(tmp_path: Path) -> None:
    made = optimised(tmp_path, 0)
    assert made.found
    assert "Found: 1 region" in made.report and "one pass over" in made.report
    assert f"| line {FIRST + 4} | 1 | `sort` has no diagram |" in made.report
    assert f"| line {FIRST + 1} | 1 | a product with a weight, by the library |" in made.report
    assert "\n`f32[a b c d]`\n" in made.report  # heads are an axis of the region, merged after it


def seconds(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3}[unit]


def test_why_a_region_won_is_its_cost_without_each_law(tmp_path: Path) -> None:
    parts = jax_trace.parts(layer, "layer", str(FILE), SHAPES)
    imported = ImportedParts(parts, "jax", (), False)
    said = [optimised_parts(imported, FILE, "layer", 0, tmp_path, "no", explain=True).report for _ in "ab"]
    assert said[0] == said[1]
    rows = {row[0]: row for row in (line.split(" | ") for line in said[0].splitlines()) if len(row) == 6}
    whole, less = (seconds(rows[name][4]) for name in ("| all laws", "| hoist-factors"))
    assert less > whole  # the sum of products is no product of matrices any more
    assert "Schedules of the one kernel" in said[0] and "slower than the first" in said[0]


def test_a_small_region_stays_and_the_report_says_why(tmp_path: Path) -> None:
    made = optimised(tmp_path, 1 << 25)
    assert not made.found and list(made.files) == ["layer.md"]
    assert "less than 33.55 MB" in made.report


def test_the_module_that_is_written_runs_the_function_by_regions(tmp_path: Path) -> None:
    source = tmp_path / "plain.py"
    source.write_text("import jax.numpy as jnp\n\n\ndef layer(x, w):\n    return jnp.sort(x @ w)\n")
    parts = jax_trace.parts(layer, "layer", str(FILE), SHAPES)
    imported = ImportedParts(parts, "jax", (), False)
    made = optimised_parts(imported, source, "layer", 0, tmp_path / "out", "no")
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "layer_optimised.py"
    path.write_text(made.files["layer_optimised.py"])
    x, w = jnp.ones((2, 3)), jnp.ones((3, 3))
    assert (module_of(path).layer(x, w) == 3).all()


def test_what_only_turns_its_inputs_and_results_is_in_no_region() -> None:
    graph = Graph()
    x = graph.variable("f32", (4, 8))
    turned = graph.emit("transpose", (x,), "f32", (8, 4), permutation=[1, 0])
    wide = graph.emit("exp", (turned,), "f32", (8, 4))
    back = graph.emit("transpose", (wide,), "f32", (4, 8), permutation=[1, 0])
    folded = graph.emit("reduce_sum", (back,), "f32", (4,), axes=[1])
    last = graph.emit("reshape", (folded,), "f32", (2, 2), new_sizes=[2, 2])
    units = [Unit((operation,), False) for operation in graph.operations]
    (found,) = regions(units, [last], "f")
    assert found.units == (1, 2, 3)
    assert [v.number for v in found.outputs] == [folded.number]


def test_attention_with_dropout_is_one_region(tmp_path: Path) -> None:
    """What is drawn from a seed stays as it is, and no way leads from a region through it."""
    shape = ("float32", (2, 4, 128, 64))
    parts = jax_trace.parts(dropped, "dropped", str(FILE), [shape, shape, shape, ("int32", ())])
    made = optimised_parts(ImportedParts(parts, "jax", (), False), FILE, "dropped", 0, tmp_path, "no")
    assert "Found: 1 region" in made.report and "one pass over" in made.report
    assert "`random_bits` has no diagram" in made.report
