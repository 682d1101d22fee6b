"""CPU time and memory of emitted JAX beside its peers.

Every measurement is a process of its own, so that no implementation inherits the memory or the threads of another;
the repeats are interleaved, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from diagc.backends.emit import jax_source
from diagc.backends.plans import normal_form
from diagc.backends.sizes import input_name
from diagc.backends.writer import identifier
from diagc.bench import peers
from diagc.bench.counts import flops, least_bytes
from diagc.bench.measurement import (
    Judgement,
    Measurement,
    Sample,
    Spread,
    complete_sizes,
    dtype_names,
    judge,
    sample,
    save_arrays,
    small_sizes,
    spoken_dtype,
)  # fmt: skip
from diagc.check.entry import Entry
from diagc.check.program import Program
from diagc.core.ops import Input
from diagc.verify.cases import make_case
from diagc.verify.differential import results_of

CALLS: Final = 3
"""Timed calls in each process, after the first."""


@dataclass(slots=True)
class _Subject:
    """One implementation while it is measured."""

    key: str
    name: str
    library: str
    judgement: Judgement
    cpu: list[float] = field(default_factory=list[float])
    wall: list[float] = field(default_factory=list[float])
    first: list[float] = field(default_factory=list[float])
    memory: list[int] = field(default_factory=list[int])
    run_memory: list[int] = field(default_factory=list[int])
    problem: str | None = None


def bench_cpu(
    program: Program, entries: Iterable[str], sizes: Mapping[str, int], repeat: int, seconds: float = 600.0
) -> list[Measurement]:
    """Measure entries of a program at given sizes of their symbols.

    `repeat` processes are run for each implementation, each with `seconds` at most. Symbols that are not given get
    small sizes.
    """
    found: list[Measurement] = []
    for name in entries:
        entry = program.entries[name]
        found += _bench(name, entry, complete_sizes(entry.diagram, sizes), repeat, seconds)
    return found


def _bench(
    name: str, entry: Entry, sizes: Mapping[str, int], repeat: int, seconds: float
) -> list[Measurement]:
    text = jax_source({name: entry}, "bench.diag")
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "module.py").write_text(text)
        subjects = _accepted(folder, entry, _candidates(name, text, len(entry.diagram.inputs)), sizes)
        save_arrays(
            folder / "large.npz", entry.diagram, make_case(entry.diagram, "bench", sizes, "random").arrays
        )
        running = [s for s in subjects if s.judgement.problem is None]
        for _ in range(repeat):
            for subject in running:
                if subject.problem is None:
                    _measure(folder, entry, sizes, subject, seconds)
    return [_measurement(name, entry, sizes, subject) for subject in subjects]


def _candidates(name: str, text: str, arity: int) -> list[tuple[str, str, str]]:
    """Key, name and library of what is emitted and of every peer of this many arguments."""
    function = identifier(name)
    found = [(f"diagc:{function}", "emitted, plain", "diagc")]
    if f"def {function}_plain(" in text:
        found = [(f"diagc:{function}", "emitted, blockwise", "diagc")]
        found += [(f"diagc:{function}_plain", "emitted, plain", "diagc")]
    found += [(c.key, c.peer.name, c.peer.library) for c in peers.candidates(peers.CPU, arity)]
    return found


def _request(entry: Entry, arrays: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    inputs = entry.diagram.inputs
    roles = [n.op.role for n in inputs if isinstance(n.op, Input)]
    names = [input_name(n) for n in inputs]
    return {
        "arrays": arrays, "names": names, "roles": roles, "dtypes": dtype_names(entry.diagram), "sizes": dict(sizes),
    }  # fmt: skip


def _accepted(
    folder: Path, entry: Entry, tried: list[tuple[str, str, str]], sizes: Mapping[str, int]
) -> list[_Subject]:
    """What is emitted, whatever it computes, and the peers that compute the same on a small size."""
    small = sample(results_of(entry), sizes)
    save_arrays(folder / "small.npz", entry.diagram, small.arrays)
    request = _request(entry, "small.npz", small_sizes(sizes)) | {
        "implementations": [key for key, _, _ in tried]
    }
    (folder / "request.json").write_text(json.dumps(request))
    log = _worker("try", folder, 600.0)
    found: list[_Subject] = []
    for place, (key, name, library) in enumerate(tried):
        verdict = _verdict(folder, entry, place, small, 1.0 if library == "diagc" else peers.SLACK, log)
        known = any(s.name == name and s.library == library for s in found)
        if library == "diagc" or (verdict.problem is None and not known):
            found.append(_Subject(key, name, library, verdict))
    return found


def _verdict(folder: Path, entry: Entry, place: int, small: Sample, slack: float, log: str) -> Judgement:
    result, failed = folder / f"{place}.npz", folder / f"{place}.error"
    if not result.exists():
        return Judgement(float("nan"), 0.0, failed.read_text() if failed.exists() else log or "no result")
    with np.load(result) as stored:
        return judge(entry.diagram, small, list(stored.values()), slack)


def _measure(folder: Path, entry: Entry, sizes: Mapping[str, int], subject: _Subject, seconds: float) -> None:
    request = _request(entry, "large.npz", sizes) | {"implementation": subject.key, "calls": CALLS}
    (folder / "request.json").write_text(json.dumps(request))
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    log = _worker("run", folder, seconds)
    if not answer.exists():
        subject.problem = log or "no result"
        return
    made = json.loads(answer.read_text())
    subject.cpu += made["cpu"]
    subject.wall += made["wall"]
    subject.first.append(made["first"])
    subject.memory.append(made["memory"])
    subject.run_memory.append(made["run_memory"])


def _worker(mode: str, folder: Path, seconds: float) -> str:
    """Run a worker to its end; the last line that it said if it failed."""
    command = [sys.executable, "-m", "diagc.bench.worker", mode, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"no result after {seconds:.0f} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process ended with {done.returncode}"


def _measurement(name: str, entry: Entry, sizes: Mapping[str, int], subject: _Subject) -> Measurement:
    verdict = subject.judgement
    return Measurement(
        entry=name, implementation=subject.name, library=subject.library, dtype=spoken_dtype(entry.diagram),
        sizes=sizes, cpu=Spread.of(subject.cpu) if subject.cpu else None,
        wall=Spread.of(subject.wall) if subject.wall else None, first=max(subject.first, default=0.0),
        memory=max(subject.memory, default=0), run_memory=max(subject.run_memory, default=0),
        error=verdict.error, allowed=verdict.allowed, peer=subject.library != "diagc",
        problem=verdict.problem or subject.problem, flops=flops(normal_form(entry)[0], sizes),
        least_bytes=least_bytes(entry.diagram, sizes),
    )  # fmt: skip
