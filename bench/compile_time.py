"""What a cold `diagc compile SPEC --target triton` costs: CPU seconds of a fresh process, forward and backward.

python bench/compile_time.py writes bench/results/cpu/compile_time.json and prints the table. CPU seconds are user and
system time of the process, all threads; elapsed time says little on a machine with other work.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPEATS = 5
COMPILED = (
    ("attention/attention", "attention"), ("attention/attention", "causal"), ("attention/attention", "mha"),
    ("attention/gqa", "gqa"), ("loss/cross_entropy", "linear_cross_entropy"), ("norm/norms", "layernorm"),
    ("dense/layers", "swiglu"), ("novel/moments", "kurtosis"), ("transformer/block", "block"),
)  # fmt: skip


def cpu_seconds(spec: Path, entry: str, folder: Path) -> float:
    """User and system seconds of one compilation in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "diagc.cli.main",
        "compile",
        str(spec),
        "--entry",
        entry,
        "--target",
        "triton",
    ]
    before = os.times()
    subprocess.run([*command, "-o", str(folder)], check=True, capture_output=True, cwd=ROOT)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure, print and write."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for spec, entry in COMPILED:
            path = ROOT / "specs" / f"{spec}.diag"
            runs = sorted(cpu_seconds(path, entry, Path(folder)) for _ in range(REPEATS))
            found[f"{path.stem} {entry}"] = {
                "least": round(runs[0], 2), "median": round(statistics.median(runs), 2), "most": round(runs[-1], 2),
            }  # fmt: skip
    print("| entry | least | median | most CPU s |\n|---|---|---|---|")
    for name, times in found.items():
        print(f"| {name} | {times['least']:.2f} | {times['median']:.2f} | {times['most']:.2f} |")
    facts = {"processor": platform.processor() or platform.machine(), "python": platform.python_version()}
    target = ROOT / "bench" / "results" / "cpu" / "compile_time.json"
    target.write_text(json.dumps({"facts": facts, "repeats": REPEATS, "cpu_seconds": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
