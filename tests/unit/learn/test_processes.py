"""Several processes on this machine that train together: equal to one, and ended together when one is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from diagc.cli.train import train
from tests.unit.learn.test_service import SPEC

TEXT = SPEC.replace("adam(lr = 1e-2)", "sgd(lr = 0.1)").replace(
    "by mse weight", "by infonce(temperature = 0.5) weight"
)


@pytest.fixture
def folder(samples: Path) -> Path:
    (samples / "l.diag").write_text(TEXT, "utf-8")
    return samples


def start(folder: Path, count: int, *more: str) -> list[subprocess.Popen[str]]:
    """The processes of one run, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "diagc.cli.main",
        "train",
        str(folder / "l.diag"),
        "--data",
        str(folder / "s.npz"),
    ]
    command += ["--validation", "0.2", "--coordinator", f"127.0.0.1:{port}", "--processes", str(count), *more]
    return [
        subprocess.Popen(
            [*command, "--process", str(i)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for i in range(count)
    ]


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    return [(p.wait(timeout=240), "".join(p.communicate())) for p in processes]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_processes_together_are_one(folder: Path, count: int) -> None:
    """Samples and the negatives of a batch are split over real processes."""
    found = ends(start(folder, count, "--epochs", "3", "--out", str(folder / "many"), "--checkpoint", "7"))
    assert [code for code, _ in found] == [0] * count, found
    arguments = [
        str(folder / "l.diag"),
        "--data",
        str(folder / "s.npz"),
        "--validation",
        "0.2",
        "--epochs",
        "3",
        "--quiet",
    ]
    assert CliRunner().invoke(train, [*arguments, "--out", str(folder / "one")]).exit_code == 0
    for model in ("m", "slow"):
        own, other = (load_file(folder / name / f"{model}.safetensors") for name in ("many", "one"))
        for path in own:
            np.testing.assert_allclose(own[path], other[path], rtol=1e-6, atol=1e-6)
    last = [
        json.loads((folder / n / "metrics.jsonl").read_text("utf-8").splitlines()[-1])
        for n in ("many", "one")
    ]
    assert last[0]["validation"]["s"]["f"] == pytest.approx(last[1]["validation"]["s"]["f"], rel=1e-5)


@pytest.mark.slow
def test_a_killed_process_ends_the_run_which_then_goes_on(folder: Path) -> None:
    out = folder / "out"
    more = ("--steps", "500", "--checkpoint", "5", "--out", str(out), "--quiet")
    processes = start(folder, 2, *more)
    until = time.monotonic() + 120
    while not (out / "checkpoint.safetensors").exists() and time.monotonic() < until:
        time.sleep(0.1)
    processes[1].send_signal(signal.SIGKILL)
    code, said = ends(processes)[0]
    assert code == 1, said
    assert "error[E0628]" in said
    assert not list(out.glob("partial-*"))
    assert not (out / "m.safetensors").exists()
    again = ends(start(folder, 2, *more, "--resume"))
    assert [code for code, _ in again] == [0, 0], again
    straight = ends(start(folder, 2, *more[:-2], str(folder / "straight"), "--quiet"))
    assert [code for code, _ in straight] == [0, 0], straight
    assert (out / "m.safetensors").read_bytes() == (folder / "straight" / "m.safetensors").read_bytes()


def test_who_trains_together_is_said_whole(folder: Path) -> None:
    data = [str(folder / "l.diag"), "--data", str(folder / "s.npz")]
    for wrong in (
        ["--processes", "2"], ["--coordinator", "localhost:1"],
        ["--processes", "2", "--coordinator", "localhost:1", "--process", "2"],
    ):  # fmt: skip
        found = CliRunner().invoke(train, [*data, *wrong])
        assert found.exit_code == 2, found.output
    assert set(os.listdir(folder)) == {"s.npz", "l.diag"}
