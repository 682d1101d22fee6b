"""Transfers as specifications: what is written reads back, what cannot be is named, what trains is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from diagc.check.program import check_source
from diagc.cli.runs import runs
from diagc.diagnostics import DiagnosticError
from diagc.runs.transfer import emitted, side
from diagc.source import Source

SPEC = """diag 1
axis x: 6, u: %d, z: 8, c: 3
fn body[i o](X) {
  model l = dense[i o]
  return X |> l |> relu
}
learning old {
  source a { v: f32[x], y: i32 in c }
  train features: f32[x] -> f32[z] = body[x z]
  train head: f32[z] -> f32[c] = dense[z c]
  commute fit: v |> features |> head ~ a.y by cross_entropy
  epochs 40
  batch 30
}
learning new {
  source b { w: f32[%s], y: i32 in c }
  train features: f32[%s] -> f32[z] = body[%s z]
  train head: f32[z] -> f32[c] = dense[z c]
  commute fit: w |> features |> head ~ b.y by cross_entropy weight 0.5
  optimise by sgd(lr = 0.1)
  epochs 40
  batch 30
}
"""


def written(axis: str) -> tuple[Source, str]:
    source = Source("t.diag", SPEC % (4, axis, axis, axis))
    learnings = check_source(source).learnings
    made = emitted(source, side(source, learnings["old"]), side(source, learnings["new"]), 2, 4)
    return source, made.text


@pytest.mark.parametrize(("axis", "possible"), [("x", 5), ("u", 3)])
def test_what_is_written_reads_back(axis: str, possible: int) -> None:
    """Inputs of another type have no probe and no fine-tuning; the pullbacks exist all the same."""
    found = check_source(Source("o.diag", written(axis)[1])).learnings
    assert len(found) == 1 + possible
    modes = {m.name: m.mode for m in found["precomposition"].models}
    assert modes == {"domain_map": "train", "origin_features": "frozen", "head": "train"}
    product = found["fibre_product"]
    assert {m.name for m in product.models if m.mode == "train"} == {"shared_head"}
    assert [s.name for s in product.sources] == ["origin_samples", "b"]
    assert [e.weight for e in product.equations] == [0.5, 1.0]
    assert ("probe" in found) == (axis == "x")


def test_a_diagram_that_is_no_chain_is_refused_with_its_line() -> None:
    text = (SPEC % (4, "x", "x", "x")).replace("w |> features |> head", "head(features(w) + features(w))")
    source = Source("t.diag", text)
    with pytest.raises(DiagnosticError, match="E1303") as found:
        side(source, check_source(source).learnings["new"])
    assert found.value.diagnostics[0].labels[0].span.line == 19


def test_the_command_trains_every_approach(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 6)).astype(np.float32)
    y = x[:, :3].argmax(1).astype(np.int32)
    np.savez(tmp_path / "a.npz", v=x, y=y)
    np.savez(tmp_path / "b.npz", w=x[:, ::-1] * 2, y=y)
    (tmp_path / "t.diag").write_text(SPEC % (4, "x", "x", "x"))
    sets = ["--origin-data", f"{tmp_path}/a.npz", "--data", f"{tmp_path}/b.npz[:60]"]
    words = ["transfer", f"{tmp_path}/t.diag", "--from", "old", "--to", "new", *sets]
    more = ["--validation", f"{tmp_path}/b.npz[60:]", "--runs", "2", "--rank", "2", "--shared", "4"]
    made = CliRunner().invoke(runs, [*words, *more, "-o", str(tmp_path / "out")])
    assert made.exit_code == 0, made.output
    rows = dict(
        line.split(",", 1) for line in (tmp_path / "out" / "transfer.csv").read_text().splitlines()[1:]
    )
    counts = {name: int(row.split(",")[0]) for name, row in rows.items()}
    body, head = 6 * 8 + 8, 8 * 3 + 3
    assert counts == {
        "scratch": body + head, "probe": head, "finetune": body + head,
        "precomposition": 6 * 2 + 2 * 6 + 6 + head, "fibre_product": 4 * 3 + 3,
    }  # fmt: skip
    assert all(float(row.split(",")[2]) > 0.5 for row in rows.values()), rows
