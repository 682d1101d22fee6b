"""What is paid before a first result: CPU seconds of a fresh process with a cold cache of compiled kernels.

python bench/compile_time.py writes bench/results/cpu/compile_time.json and prints the tables: `diagc compile SPEC
--target triton`, and `diagc compile --ptx` beside what torch does at the first call of a compiled function, in turn.
CPU seconds are user and system time of all processes; elapsed time says little on a machine with other work. What torch
compiles is code for this CPU, forward and backward (`flex_attention` has no backward there); imports are counted.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from diagc.bench.host import processor

ROOT = Path(__file__).parents[1]
REPEATS = 5
COMPILED = (
    ("attention/attention", "attention"), ("attention/attention", "causal"), ("attention/attention", "mha"),
    ("attention/gqa", "gqa"), ("loss/cross_entropy", "linear_cross_entropy"), ("norm/norms", "layernorm"),
    ("dense/layers", "swiglu"), ("novel/moments", "kurtosis"), ("transformer/block", "block"),
)  # fmt: skip

PLAIN = """
import torch
def causal(Q, K, V):
    S = Q @ K.mT * Q.shape[-1] ** -0.5
    keep = torch.ones(S.shape[-2:], dtype=torch.bool).tril()
    return torch.softmax(S.masked_fill(~keep, -torch.inf), -1) @ V
arrays = [torch.randn(1, 8, 1024, 64, requires_grad=True) for _ in "QKV"]
torch.compile(causal)(*arrays).sum().backward()
"""

FLEX = """
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
mask = create_block_mask(lambda b, h, q, x: x <= q, 1, 8, 1024, 1024, device="cpu")
arrays = [torch.randn(1, 8, 1024, 64) for _ in "QKV"]
torch.compile(flex_attention)(*arrays, block_mask=mask)
"""

DIAGC = (sys.executable, "-m", "diagc.cli.main", "compile")
CAUSAL = (
    *DIAGC, "specs/attention/attention.diag", "--entry", "causal", "--size", "d=128", "--ptx", "sm_90",
    "-o", "FOLDER",
)  # fmt: skip
SUBJECTS: Mapping[str, Sequence[str]] = {
    "diagc compile --ptx sm_90 --target triton, causal, forward and backward": (*CAUSAL, "--target", "triton"),
    "diagc compile --ptx sm_90 --target jax: two forms of each kernel": (*CAUSAL, "--target", "jax"),
    "torch.compile of the plain form, first forward and backward": (sys.executable, "-c", PLAIN),
    "torch.compile of flex_attention, first forward": (sys.executable, "-c", FLEX),
}  # fmt: skip


def cpu_seconds(command: Sequence[str]) -> float:
    """User and system seconds of a process and its children, with caches of its own."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {
            name: f"{folder}/{name}" for name in ("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TMPDIR")
        }
        Path(caches["TMPDIR"]).mkdir()
        environment = {**os.environ, **caches}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # packages that are installed have their bytecode
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        given = [folder if word == "FOLDER" else word for word in command]
        subprocess.run(given, check=True, capture_output=True, cwd=ROOT, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(commands: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """CPU seconds of each command: least, median and most of runs that take turns, after one for the bytecode."""
    cpu_seconds(next(iter(commands.values())))
    runs: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPEATS):
        for name, command in commands.items():
            runs[name].append(cpu_seconds(command))
    return {
        name: {"least": round(min(r), 2), "median": round(statistics.median(r), 2), "most": round(max(r), 2)}
        for name, r in runs.items()
    }


def _table(found: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        f"| {name} | {t['least']:.2f} | {t['median']:.2f} | {t['most']:.2f} |" for name, t in found.items()
    ]
    return "\n".join(["| CPU s | least | median | most |", "|---|---|---|---|", *rows])


def main() -> None:
    """Measure, print and write."""
    to_triton = {
        f"{spec.rpartition('/')[2]} {entry}": (
            *DIAGC, f"specs/{spec}.diag", "--entry", entry, "--target", "triton", "-o", "FOLDER",
        )
        for spec, entry in COMPILED
    }  # fmt: skip
    found, first = measured(to_triton), measured(SUBJECTS)
    print(f"{_table(found)}\n\n{_table(first)}")
    facts = {"processor": processor(), "python": platform.python_version()}
    facts |= {name: version(name) for name in ("torch", "triton")}
    text = {"facts": facts, "repeats": REPEATS, "cpu_seconds": found, "first_use": first}
    target = ROOT / "bench" / "results" / "cpu" / "compile_time.json"
    target.write_text(json.dumps(text, indent=1) + "\n")


if __name__ == "__main__":
    main()
