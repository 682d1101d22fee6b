"""What needs a GPU, in one command of at most nine minutes: every emitted kernel against float64, then the bench.

`python -m bench.device` runs from the source tree and needs torch, triton and a GPU, no network. It writes
bench/results/GPU/kernels.json (entries, worst errors, what failed or was not reached) and, for each headline, the file
that `diagc bench --gpu` writes. `--out` names another folder, `--seconds` another limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.coverage import entries
from diagc.diagnostics import DiagnosticError
from diagc.verify.device import device_facts, device_name, require_gpu

ROOT = Path(__file__).parents[1]
SECONDS = 520
"""The limit of everything together; kernels have the first half of it."""

ATTENTION = {"b": 1, "h": 16, "q": 16384, "x": 16384, "d": 128}
HEADLINES: tuple[tuple[str, str, dict[str, int], str], ...] = (
    ("attention/attention.diag", "mha", ATTENTION, "forward"),
    ("attention/attention.diag", "mha", ATTENTION, "backward"),
    ("dense/matmul.diag", "matmul", {"m": 8192, "n": 8192, "k": 8192}, "forward"),
    ("norm/norms.diag", "rmsnorm", {"row": 16384, "n": 8192}, "forward"),
    ("norm/norms.diag", "softmax_rows", {"row": 16384, "n": 8192}, "forward"),
    ("attention/decode.diag", "decode", {"b": 64, "kv": 4, "g": 4, "x": 8192}, "forward"),
    ("attention/masks.diag", "sliding_window", {"q": 16384, "x": 16384, "d": 128}, "forward"),
    ("loss/cross_entropy.diag", "cross_entropy_rows", {"token": 8192, "vocab": 32768}, "forward"),
)
"""Spec, entry, sizes and what is timed: the figures that are looked at first, the most telling one first."""


def tasks() -> list[tuple[str, str]]:
    """Every entry that kernels are made for, after its spec."""
    return [(str(path.relative_to(ROOT)), name) for path, name, _ in entries()]


def run(arguments: list[str], until: float) -> tuple[int | None, str]:
    """Exit code and output of a command of diagc; None where the time is up."""
    left = until - time.monotonic()
    command = [sys.executable, "-m", "diagc.cli.main", *arguments]
    if left <= 0:
        return None, "not reached"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    }
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=left, check=False, cwd=ROOT, env=environment
        )
    except subprocess.TimeoutExpired:
        return None, "not finished"
    return done.returncode, done.stdout + done.stderr


def kernels(until: float, processes: int) -> Iterator[dict[str, Any]]:
    """A row for each entry: its tables, and whether all of it was right, wrong or not finished."""

    def one(task: tuple[str, str]) -> dict[str, Any]:
        spec, entry = task
        code, text = run(["verify", spec, "--entry", entry, "--gpu"], until)
        verdict = {0: "right", 1: "wrong", None: text}.get(code, "failed")
        return {"spec": spec, "entry": entry, "verdict": verdict, "output": text.strip().splitlines()}

    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(one, tasks())


def headlines(out: Path, until: float) -> Iterator[str]:
    """The tables of the bench, one after the other on an idle machine."""
    for spec, entry, sizes, work in HEADLINES:
        given = [part for symbol, size in sizes.items() for part in ("--size", f"{symbol}={size}")]
        target = out / f"{Path(spec).stem}-{entry}-{work}.json"
        code, text = run(
            [
                "bench",
                f"specs/{spec}",
                "--entry",
                entry,
                *given,
                "--gpu",
                "--work",
                work,
                "--json",
                str(target),
            ],
            until,
        )
        yield text if code is not None else f"{spec} {entry}, {work}: {text}"


def main() -> None:
    """Verify, then measure; ends with 1 where a kernel is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="the limit of everything together")
    parser.add_argument("--processes", type=int, default=max((os.cpu_count() or 2) - 2, 1))
    options = parser.parse_args()
    try:
        require_gpu()
    except DiagnosticError as error:
        sys.exit(str(error))
    out = options.out or ROOT / "bench" / "results" / device_name()
    out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    rows: list[dict[str, Any]] = []
    for row in kernels(start + options.seconds / 2, options.processes):
        rows.append(row)
        if row["verdict"] != "right":
            print(row["spec"], row["entry"], row["verdict"], *row["output"][-12:], sep="\n  ", flush=True)
    (out / "kernels.json").write_text(
        json.dumps({"device": device_facts(), "entries": rows}, indent=1) + "\n"
    )
    right = sum(row["verdict"] == "right" for row in rows)
    print(f"{right} of {len(rows)} entries are right, {time.monotonic() - start:.0f} s", flush=True)
    for text in headlines(out, start + options.seconds):
        print(text, flush=True)
    sys.exit(any(row["verdict"] in ("wrong", "failed") for row in rows))


if __name__ == "__main__":
    main()
