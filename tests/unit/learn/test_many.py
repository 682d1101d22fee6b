"""Runs in one programme are the runs that train one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from diagc.cli.train import train
from tests.unit.learn.test_service import SPEC as LONGER

SPEC = LONGER.replace("epochs 7", "epochs 4")


@pytest.fixture
def folder(samples: Path) -> Path:
    (samples / "l.diag").write_text(SPEC, "utf-8")
    return samples


def call(folder: Path, *arguments: str) -> Result:
    files = ["--data", str(folder / "s.npz"), "--validation", str(folder / "s.npz"), "--quiet"]
    return CliRunner().invoke(train, [str(folder / "l.diag"), *files, *arguments])


def test_each_run_is_the_run_of_its_seed_alone(folder: Path) -> None:
    """Data, draws, averages, weights that change, order of samples: all of the run with that seed."""
    made = call(folder, "--runs", "3", "--seed", "4", "--out", str(folder / "many"))
    assert made.exit_code == 0, made.output
    for number in range(3):
        alone = folder / f"alone-{number}"
        assert call(folder, "--seed", str(4 + number), "--out", str(alone)).exit_code == 0
        many = folder / "many" / f"run-{number}"
        assert sorted(p.name for p in many.iterdir()) == sorted(p.name for p in alone.iterdir())
        for name in ("m.safetensors", "slow.safetensors"):
            held, expected = load_file(many / name), load_file(alone / name)
            for array, value in expected.items():
                np.testing.assert_allclose(held[array], value, rtol=2e-4, atol=2e-5)
        last, wanted = (
            json.loads((at / "metrics.jsonl").read_text().splitlines()[-1]) for at in (many, alone)
        )
        assert last["validation"]["s"] == pytest.approx(wanted["validation"]["s"], rel=1e-3)


def test_a_factor_of_the_rate_is_that_rate(folder: Path) -> None:
    made = call(folder, "--runs", "2", "--vary", "lr=0.5:2", "--out", str(folder / "many"))
    assert made.exit_code == 0, made.output
    assert call(folder, "--set", "m.lr=0.005", "--out", str(folder / "slow")).exit_code == 0
    held, expected = (load_file(folder / name / "m.safetensors") for name in ("many/run-0", "slow"))
    for array, value in expected.items():
        np.testing.assert_allclose(held[array], value, rtol=2e-4, atol=2e-5)
    assert (folder / "many" / "runs.csv").read_text().splitlines()[1].startswith("run-0,0,0.5,")


def test_a_run_that_is_not_finite_stops_alone(folder: Path) -> None:
    text = SPEC.replace("adam(lr = 1e-2)", "sgd(lr = 1)").replace(
        "by mse weight linear(0, 0.1, steps = 50)", "by mse"
    )
    (folder / "l.diag").write_text(text, "utf-8")
    made = call(folder, "--runs", "2", "--vary", "lr=0.01:1e30", "--out", str(folder / "many"))
    assert made.exit_code == 0, made.output
    _, calm, wild = (folder / "many" / "runs.csv").read_text().splitlines()
    assert calm.endswith(",")
    assert "in update" in wild
    assert (folder / "many" / "run-0").is_dir()
    assert not (folder / "many" / "run-1").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--vary", "seed"), "--runs"),
        (("--runs", "2", "--vary", "depth"), "neither"),
        (("--runs", "2", "--vary", "lr=3:1"), "LOW:HIGH"),
        (("--runs", "2", "--keep-best"), "one run"),
    ],
)
def test_wrong_options_are_refused(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    made = call(folder, *arguments)
    assert made.exit_code == 2
    assert words in made.output


def test_runs_are_shared_out_over_a_mesh(folder: Path) -> None:
    """On four devices, a process of its own: the same weights as on one."""
    assert call(folder, "--runs", "4", "--epochs", "1", "--out", str(folder / "one")).exit_code == 0
    arguments = ["--data", str(folder / "s.npz"), "--epochs", "1", "--runs", "4", "--mesh", "data=4"]
    command = [sys.executable, "-m", "diagc.cli.main", "train", str(folder / "l.diag"), *arguments]
    flags = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    subprocess.run([*command, "--out", str(folder / "four"), "--quiet"], env=flags, check=True)
    for number in range(4):
        held, expected = (
            load_file(folder / name / f"run-{number}" / "m.safetensors") for name in ("one", "four")
        )
        for array, value in expected.items():
            np.testing.assert_allclose(held[array], value, rtol=2e-4, atol=2e-5)
