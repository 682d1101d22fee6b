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

from diagc.backends.emit import jax_source, triton_source
from diagc.backends.sizes import input_name
from diagc.backends.writer import identifier
from diagc.bench import peers
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
from diagc.bench.work import Amount, Work, question
from diagc.check.entry import Entry
from diagc.check.program import Program
from diagc.core.diagram import Diagram
from diagc.core.ops import Input
from diagc.diagnostics import DiagnosticError
from diagc.verify.cases import make_case
from diagc.verify.differential import Question

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
    program: Program,
    entries: Iterable[str],
    sizes: Mapping[str, int],
    repeat: int,
    work: Work = "forward",
    seconds: float = 600.0,
) -> list[Measurement]:
    """Measure entries of a program at given sizes of their symbols: results, their derivative, or both.

    `repeat` processes are run for each implementation, each with `seconds` at most. Symbols that are not given get
    small sizes.
    """
    found: list[Measurement] = []
    for name in entries:
        entry = program.entries[name]
        asked = _Asked.of(entry, work, complete_sizes(entry.diagram, sizes))
        found += _bench(name, asked, repeat, seconds)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """An entry, what of it is timed, and at which sizes."""

    entry: Entry
    work: Work
    sizes: Mapping[str, int]
    question: Question

    @staticmethod
    def of(entry: Entry, work: Work, sizes: Mapping[str, int]) -> _Asked:
        return _Asked(entry, work, sizes, question(entry, work))

    @property
    def diagram(self) -> Diagram:
        return self.question.diagram


def _bench(name: str, asked: _Asked, repeat: int, seconds: float) -> list[Measurement]:
    entry = asked.entry
    text, kernels = jax_source({name: entry}, "bench.diag"), _kernels(entry)
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "bench_jax.py").write_text(text)
        (folder / "bench_triton.py").write_text(kernels)
        tried = _candidates(name, text, len(entry.diagram.inputs))
        if kernels:
            tried.insert(1, (f"diagc-torch:{identifier(name)}", "emitted, called from torch", "diagc"))
        subjects = _accepted(folder, asked, tried)
        arrays = make_case(asked.diagram, "bench", asked.sizes, "random").arrays
        save_arrays(folder / "large.npz", asked.diagram, arrays)
        running = [s for s in subjects if s.judgement.problem is None]
        for _ in range(repeat):
            for subject in running:
                if subject.problem is None:
                    _measure(folder, asked, subject, seconds)
    amount = Amount.of(entry, asked.work, asked.sizes)
    return [_measurement(name, asked, amount, subject) for subject in subjects]


def _kernels(entry: Entry) -> str:
    """The file whose functions take torch tensors; empty where an entry has no kernel."""
    try:
        return triton_source([entry], "bench.diag")
    except DiagnosticError:
        return ""


def _candidates(name: str, text: str, arity: int) -> list[tuple[str, str, str]]:
    """Key, name and library of what is emitted and of every peer of this many arguments."""
    function = identifier(name)
    found = [(f"diagc:{function}", "emitted, plain", "diagc")]
    if f"def {function}_plain(" in text:
        found = [(f"diagc:{function}", "emitted, blockwise", "diagc")]
        found += [(f"diagc:{function}_plain", "emitted, plain", "diagc")]
    found += [(c.key, c.peer.name, c.peer.library) for c in peers.candidates(peers.CPU, arity)]
    return found


def _request(asked: _Asked, arrays: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Arrays by name, of which those of the entry come first, and then cotangents."""
    roles = [n.op.role for n in asked.entry.diagram.inputs if isinstance(n.op, Input)]
    return {
        "arrays": arrays, "names": [input_name(n) for n in asked.diagram.inputs], "roles": roles,
        "work": asked.work, "dtypes": dtype_names(asked.diagram), "sizes": dict(sizes),
    }  # fmt: skip


def _accepted(folder: Path, asked: _Asked, tried: list[tuple[str, str, str]]) -> list[_Subject]:
    """What is emitted, whatever it computes, and the peers that compute the same on a small size.

    A peer is found by its results; then what is timed is judged.
    """
    results = asked if asked.work == "forward" else _Asked.of(asked.entry, "forward", asked.sizes)
    found: list[_Subject] = []
    for subject in _judged(folder, results, tried):
        known = any(s.name == subject.name and s.library == subject.library for s in found)
        if subject.library == "diagc" or (subject.judgement.problem is None and not known):
            found.append(subject)
    if results is asked:
        return found
    return _judged(folder, asked, [(s.key, s.name, s.library) for s in found])


def _judged(folder: Path, asked: _Asked, tried: list[tuple[str, str, str]]) -> list[_Subject]:
    small = sample(asked.question, asked.sizes)
    save_arrays(folder / "small.npz", asked.diagram, small.arrays)
    request = _request(asked, "small.npz", small_sizes(asked.sizes))
    request["implementations"] = [key for key, _, _ in tried]
    (folder / "request.json").write_text(json.dumps(request))
    with tempfile.TemporaryDirectory(dir=folder) as answers:
        log = _worker("try", folder, 600.0, answers)
        return [
            _Subject(key, name, library, _verdict(Path(answers), asked.diagram, place, small, library, log))
            for place, (key, name, library) in enumerate(tried)
        ]


def _verdict(folder: Path, diagram: Diagram, place: int, small: Sample, library: str, log: str) -> Judgement:
    slack = 1.0 if library == "diagc" else peers.SLACK
    result, failed = folder / f"{place}.npz", folder / f"{place}.error"
    if not result.exists():
        return Judgement(float("nan"), 0.0, failed.read_text() if failed.exists() else log or "no result")
    with np.load(result) as stored:
        return judge(diagram, small, list(stored.values()), slack)


def _measure(folder: Path, asked: _Asked, subject: _Subject, seconds: float) -> None:
    request = _request(asked, "large.npz", asked.sizes)
    (folder / "request.json").write_text(
        json.dumps(request | {"implementation": subject.key, "calls": CALLS})
    )
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


def _worker(mode: str, folder: Path, seconds: float, *places: str) -> str:
    """Run a worker to its end; the last line that it said if it failed."""
    command = [sys.executable, "-m", "diagc.bench.worker", mode, str(folder), *places]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"no result after {seconds:.0f} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process ended with {done.returncode}"


def _measurement(name: str, asked: _Asked, amount: Amount, subject: _Subject) -> Measurement:
    verdict, entry, sizes = subject.judgement, asked.entry, asked.sizes
    return Measurement(
        entry=name, implementation=subject.name, library=subject.library, dtype=spoken_dtype(entry.diagram),
        sizes=sizes, cpu=Spread.of(subject.cpu) if subject.cpu else None,
        wall=Spread.of(subject.wall) if subject.wall else None, first=max(subject.first, default=0.0),
        memory=max(subject.memory, default=0), run_memory=max(subject.run_memory, default=0),
        error=verdict.error, allowed=verdict.allowed, peer=subject.library != "diagc",
        problem=verdict.problem or subject.problem, work=asked.work,
        flops=amount.flops, least_bytes=amount.least_bytes,
    )  # fmt: skip
