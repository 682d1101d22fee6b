"""Rates without a GPU: the loops run in the interpreter, a clock that is known gives numbers that are known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagc.bench.rates import Rate, machine_text
from diagc.machine import machine, machine_source, read_machine
from diagc.source import Source

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json
from diagc.bench.rates import Scale, measured

def clock(call):
    call()
    return 0.5

rates = measured("cpu", clock, Scale(copied=4096, side=32, programs=2, rounds=16, cached=4096))
print(json.dumps([[".".join(r.place), r.value] for r in rates]))
"""


def test_rates_are_work_by_time() -> None:
    pytest.importorskip("torch")
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert dict(json.loads(done.stdout)) == {
        "levels.l0.bandwidth": 2 * 4096 / 0.5,
        "levels.l1.bandwidth": 4 * 2 * 1024 / 0.5,
        "levels.l2.bandwidth": 8 * 2 * 1024 * 16 / 0.5,
        "pipelines.tensor.bf16": 2 * 32**3 / 0.5,
        "pipelines.tensor.f16": 2 * 32**3 / 0.5,
        "pipelines.tensor.tf32": 2 * 32**3 / 0.5,
        "pipelines.vector.f32": 8 * 2 * 1024 * 16 / 0.5,
        "pipelines.special": 2 * 2 * 1024 * 16 / 0.5,
        "launch": 0.5,
    }


def test_a_measured_machine_has_the_other_numbers_of_its_base() -> None:
    rates = [
        Rate(("levels", "l0", "bandwidth"), 4.25e12, "TB/s"),
        Rate(("pipelines", "special"), 3.5e12, "Top/s"),
        Rate(("pipelines", "tensor", "bf16"), 7.9e14, "TFLOP/s"),
        Rate(("launch",), 4.2e-6, "us"),
    ]
    text = machine_text(
        machine_source("h200").text, rates, "mine", {"date": "2030-01-02", "driver": "1.2: 3"}
    )
    made, base = read_machine(Source("mine.yaml", text)), machine("h200")
    bandwidth = made.levels["l0"].bandwidth
    assert bandwidth is not None
    assert (made.name, bandwidth.value, bandwidth.source) == ("mine", 4.25e12, "measured")
    assert made.special.value == 3.5e12
    assert base.launch is None
    assert made.launch is not None
    assert made.launch.value == pytest.approx(4.2e-6)
    assert [q.value for q in made.tensor.values() if q.source == "measured"] == [7.9e14]
    assert made.levels["l2"] == base.levels["l2"]
    assert made.sources["measured"] == "date 2030-01-02, driver 1.2: 3"
