"""The GPU bench without a GPU: all but the clock, on Triton's interpreter; and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diagc.backends.launches import FORMS

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "specs" / "attention" / "attention_f32.diag"

SCRIPT = """
import json, sys
from pathlib import Path
from diagc.bench.gpu import Setting, bench_gpu, gpu_table
from diagc.bench.peers import TORCH
from diagc.check.program import read_program
from diagc.machine import machine

order = []
def clock(call):
    order.append(call)
    call()
    return 0.001 * len(order)

rows = bench_gpu(
    read_program(Path(sys.argv[1])), ["mha"], {"b": 1, "h": 1, "q": 8, "x": 8, "d": 8},
    Setting(sys.argv[2], 1, clock, "cpu", TORCH, machine("h200")),
)
print(json.dumps({
    "rows": [[r.library, r.implementation, r.problem, r.error, r.allowed, r.cpu.count, r.flops] for r in rows],
    "table": gpu_table(rows),
    "alternates": all(a is not b for a, b in zip(order, order[1:])),
}))
"""


def measured(spec: Path, work: str) -> dict[str, Any]:
    pytest.importorskip("torch")
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT, str(spec), work]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_every_form_of_a_kernel_is_measured_and_the_first_is_predicted(tmp_path: Path) -> None:
    half = tmp_path / "half.diag"  # the interpreter computes wrongly in bf16 unless it is patched
    half.write_text(SPEC.with_name("attention.diag").read_text().replace("bf16", "f16"))
    made = measured(half, "forward")
    own = [name for library, name, *_ in made["rows"] if library == "diagc"]
    assert own == ["emitted, Triton", *(f"emitted, Triton, {form}" for form in FORMS[1:])]
    assert all(problem is None and error <= allowed for _, _, problem, error, allowed, *_ in made["rows"])
    assert made["table"].splitlines()[-1].startswith("predicted against measured: ")


@pytest.mark.parametrize(
    ("work", "products"),
    [
        ("both", 7),
        *(pytest.param(w, n, marks=pytest.mark.slow) for w, n in (("forward", 2), ("backward", 5))),
    ],
)
def test_all_but_the_clock_runs_without_a_gpu(work: str, products: int) -> None:
    """Products are counted as by Dao (arXiv 2307.08691, section 4.1): the derivative has 2.5 times those.

    Beside them it has a sum of products for each row, as there.
    """
    made = measured(SPEC, work)
    assert [row[:3] for row in made["rows"]] == [
        ["diagc", "emitted, Triton", None],
        ["torch", "scaled_dot_product_attention(is_causal)", None],
    ]
    for *_, error, allowed, count, operations in made["rows"]:
        assert error <= allowed
        assert count == 20
        assert operations == products * 2 * 8**3 + (work != "forward") * 2 * 8**2
    assert made["alternates"]
    assert "masks full" in made["table"]


def test_the_command_ends_with_two_where_there_is_no_gpu() -> None:
    torch: Any = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    command = [sys.executable, "-m", "diagc.cli.main", "bench", str(SPEC), "--gpu"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error[E1001]: torch finds no GPU")
