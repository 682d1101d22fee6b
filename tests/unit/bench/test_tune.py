"""Tuning without a GPU: alternatives run on Triton's interpreter, and the clock says which is fastest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagc.backends.forms import formed
from diagc.backends.plans import kernels
from diagc.bench.tune import neighbours
from diagc.plan.config import Config
from tests.unit.specs import entry

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json, sys
from pathlib import Path
from diagc.backends.triton_program import emit_module
from diagc.bench.gpu import Setting
from diagc.bench.tune import tune
from diagc.check.program import read_program

seen = []
def clock(call):  # of what stands against each other the second is fastest
    if call not in seen:
        seen.append(call)
        call()
    return 1.0 if seen.index(call) in (1, 5) else 2.0

entry = read_program(Path(sys.argv[1])).entries["matmul"]
made, tried = tune(entry, {"m": 48, "n": 32, "k": 64}, Setting("forward", 1, clock, "cpu"), clock)
(variant,) = made.plans[0].variants
print(json.dumps({
    "tried": [[t.kernel, t.choice, t.seconds, t.problem, t.kept] for t in tried], "form": variant.form,
    "configs": [[[(str(a), b) for a, b in c.blocks], c.warps, c.stages] for c in variant.configs],
}))
"""


def test_what_the_clock_calls_fastest_is_kept(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    half = tmp_path / "half.diag"  # the interpreter computes wrongly in bf16 unless it is patched
    half.write_text((ROOT / "specs/dense/matmul.diag").read_text().replace("bf16", "f16"))
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT, str(half)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    made: dict[str, Any] = json.loads(done.stdout)
    forms = made["tried"][:4]
    assert [(kernel, choice, kept) for kernel, choice, _, _, kept in forms] == [
        ("every kernel", "pointers", False), ("every kernel", "descriptors", True),
        ("every kernel", "specialised", False), ("every kernel", "persistent", False),
    ]  # fmt: skip
    assert made["form"] == "descriptors"
    tiles = made["tried"][4:]
    assert tiles[0][:3] == ["matmul", "as planned", 2.0]
    assert [choice for _, choice, *_, kept in tiles if kept] == [tiles[1][1]] == ["m=64"]
    assert [["m", 64], ["n", 128], ["k", 64]] in [blocks for blocks, _, _ in made["configs"]]
    assert all(problem is None for *_, problem, _ in made["tried"])


def test_neighbours_are_one_step_away_and_within_what_is_compiled() -> None:
    text = "axis q, x, d\nfn f(Q: bf16[q d], K: bf16[x d], V: bf16[x d]) -> bf16[q d] {"
    made = kernels(entry(f"{text}\n  return sum[x](softmax[x](sum[d](Q * K)) * V)\n}}"), gradients=False)
    variant = formed(made, "pointers").variants[0]
    q, x = (next(axis for axis in variant.kernel.extents if axis.name == name) for name in "qx")
    config = Config(128, ((q, 256), (x, 16)), 4, 2)
    found = list(neighbours(config, variant))
    assert [c.blocks for c in found[:2]] == [((q, 128), (x, 16)), ((q, 256), (x, 32))]
    assert [(c.warps, c.stages) for c in found[2:]] == [(8, 2), (4, 1), (4, 3)]
    assert [(c.warps, c.stages) for c in neighbours(config, replace(variant, form="specialised"))][2:] == [
        (4, 3)
    ]
    (pipelined,) = (v for v in formed(made, "gluon").variants if v.form == "gluon")
    rows = {dict(c.blocks)[q] for c in neighbours(pipelined.configs[0], pipelined)}
    assert rows == {dict(pipelined.configs[0].blocks)[q]}
