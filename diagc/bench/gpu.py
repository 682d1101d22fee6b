"""Emitted Triton beside its peers on a GPU, in one process and one table.

Correctness comes first, on a small size against the float64 reference; only then is anything timed. The runs of all
implementations are interleaved, with the second-level cache overwritten before each. The clock is an argument, so that
all but the clock runs without a GPU.
"""

from __future__ import annotations

import importlib
import statistics
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.backends.launches import FORMS
from diagc.backends.plans import kernels
from diagc.backends.sizes import input_name
from diagc.backends.triton_program import emit_module
from diagc.backends.writer import identifier
from diagc.bench.gpu_peers import GPU
from diagc.bench.measurement import (
    SIXTEENS,
    Arrays,
    Judgement,
    Measurement,
    Sample,
    Spread,
    complete_sizes,
    dtype_names,
    judge,
    sample,
    spoken_dtype,
    spoken_sizes,
)  # fmt: skip
from diagc.bench.peers import SLACK, Peer, candidates
from diagc.bench.predict import Prediction, predicted
from diagc.bench.work import Amount, Call, Work, prepared, question
from diagc.check.entry import Entry
from diagc.check.program import Program
from diagc.core.diagram import Diagram
from diagc.machine import Machine
from diagc.modules import module_of
from diagc.verify.cases import make_case
from diagc.verify.run_worker import several
from diagc.version import __version__

OWN: Final = "emitted, Triton"
"""What the kernels are called in a table, in the form that is emitted unless another is asked for."""
Launcher = Callable[[Sequence[Any]], Any]
"""A function of the tensors of an entry, in the order of its signature."""
Clock = Callable[[Call], float]
"""Seconds of one run."""

FLUSHED: Final = 256 * 2**20
"""Bytes that are overwritten before each run: more than the second-level cache of any GPU now sold."""
RUNS: Final = 20
"""Timed runs of each implementation in a round."""


def event_clock() -> Clock:
    """A clock that reads device events around one run, with the cache flushed before it."""
    cuda: Any = importlib.import_module("torch").cuda
    torch: Any = importlib.import_module("torch")
    buffer = torch.empty(FLUSHED, dtype=torch.int8, device="cuda")

    def clock(call: Call) -> float:
        buffer.zero_()
        start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3

    return clock


@dataclass(slots=True)
class _Subject:
    name: str
    library: str
    call: Launcher
    judgement: Judgement
    ready: Call | None = None
    seconds: list[float] = field(default_factory=list[float])
    first: float = 0.0
    memory: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """How a bench is run: what is timed, for how many rounds, by which clock, where, beside which peers."""

    work: Work = "forward"
    repeat: int = 5
    clock: Clock | None = None
    device: str = "cuda"
    peers: Sequence[Peer] = GPU
    machine: Machine | None = None


def bench_gpu(
    program: Program, entries: Iterable[str], sizes: Mapping[str, int], setting: Setting
) -> list[Measurement]:
    """Measure the Triton launchers of entries and their peers in rounds of `RUNS` runs each."""
    clock = setting.clock or event_clock()
    found: list[Measurement] = []
    with tempfile.TemporaryDirectory() as path:
        for name in entries:
            entry = program.entries[name]
            chosen = complete_sizes(entry.diagram, sizes)
            subjects = _accepted(entry, _launchers(entry, Path(path)), chosen, setting)
            asked = question(entry, setting.work).diagram
            arrays = make_case(asked, "bench", chosen, "random").arrays
            _time(entry, subjects, tensors_of(asked, arrays, setting.device), setting, clock)
            about = _About.of(entry, chosen, setting)
            found += [_measurement(name, entry, chosen, subject, about) for subject in subjects]
    return found


def _launchers(entry: Entry, folder: Path) -> dict[str, Launcher]:
    """The emitted function in each form that its kernels have, by what it is called in a table."""
    name, made, found = identifier(entry.diagram.name), kernels(entry), dict[str, str]()
    for form in FORMS:
        text = emit_module([made], "bench.diag", __version__, form)
        if text not in found.values():
            found[form] = text
    functions: dict[str, Launcher] = {}
    for form, text in found.items():
        file = folder / f"{name}_{form}.py"
        file.write_text(text)
        said = OWN if form == "pointers" else f"{OWN}, {form}"
        functions[said] = launcher(getattr(module_of(file), name))
    return functions


def launcher(function: Callable[..., Any]) -> Launcher:
    """A function as one of its tensors in order."""
    return lambda arrays: function(*arrays)


def tensors_of(diagram: Diagram, arrays: Arrays, device: str) -> list[Any]:
    """The inputs of a diagram on a device, in order."""
    torch: Any = importlib.import_module("torch")
    pairs = zip(diagram.inputs, dtype_names(diagram), strict=True)
    return [
        torch.from_numpy(np.array(arrays[input_name(n)])).to(getattr(torch, d)).to(device) for n, d in pairs
    ]


def _accepted(
    entry: Entry, launchers: Mapping[str, Launcher], sizes: Mapping[str, int], setting: Setting
) -> list[_Subject]:
    """The launchers, whatever they compute, and the peers that compute the same on a small size.

    A peer is found by its results; then what is timed is judged.
    """
    results = Trial.of(entry, "forward", sizes, setting.device)
    timed = results if setting.work == "forward" else Trial.of(entry, setting.work, sizes, setting.device)
    found = [_Subject(name, "diagc", launch, timed.judged(launch, 1.0)) for name, launch in launchers.items()]
    for candidate in candidates(setting.peers, len(entry.diagram.inputs)):
        if any(s.name == candidate.peer.name for s in found):
            continue
        verdict = results.judged(candidate.trial, SLACK)
        if verdict.problem is None and (candidate.peer.trial is not None or timed is not results):
            verdict = timed.judged(candidate, SLACK)
        if verdict.problem is None:
            found.append(_Subject(candidate.peer.name, candidate.peer.library, candidate, verdict))
    return found


@dataclass(frozen=True, slots=True)
class Trial:
    """A small problem, on which implementations are judged: `asked` of a function of the first `inputs` tensors."""

    asked: Diagram
    small: Sample
    tensors: Sequence[Any]
    inputs: int
    work: Work

    @staticmethod
    def of(
        entry: Entry, work: Work, sizes: Mapping[str, int], device: str, kept: Collection[str] = ()
    ) -> Trial:
        """The trial of some work: sizes are small, except those that are `kept`."""
        asked = question(entry, work)
        small = sample(asked, sizes, SIXTEENS, kept)
        tensors = tensors_of(asked.diagram, small.arrays, device)
        return Trial(asked.diagram, small, tensors, len(entry.diagram.inputs), work)

    def judged(self, call: Callable[[Sequence[Any]], Any], slack: float) -> Judgement:
        """The error of an implementation, or why there is none."""
        try:
            made = prepared(call, self.tensors, self.inputs, self.work)()
        except Exception as error:  # what does not run is no peer, and a finding about diagc
            return Judgement(float("nan"), 0.0, f"{type(error).__name__}: {error}"[:300])
        return judge(self.asked, self.small, [_numpy(result) for result in several(made)], slack)


def _numpy(result: Any) -> NDArray[Any]:
    array: NDArray[Any] = result.detach().double().cpu().numpy()
    return array


def _time(entry: Entry, subjects: list[_Subject], tensors: list[Any], setting: Setting, clock: Clock) -> None:
    """First calls one after the other, then rounds in which every implementation has its turn at each run."""
    for subject in subjects:
        if subject.judgement.problem is None:
            _first(entry, subject, tensors, setting)
    measured = [(s, s.ready) for s in subjects if s.ready is not None]
    for _ in range(setting.repeat * RUNS):
        for subject, ready in measured:
            subject.seconds.append(clock(ready))


def _first(entry: Entry, subject: _Subject, tensors: list[Any], setting: Setting) -> None:
    cuda: Any = importlib.import_module("torch").cuda if setting.device == "cuda" else None
    before = _allocated(cuda)
    start = time.perf_counter()
    try:
        ready = prepared(subject.call, tensors, len(entry.diagram.inputs), setting.work)
        ready()
        if cuda is not None:
            cuda.synchronize()
            subject.memory = cuda.max_memory_allocated() - before
        subject.ready = ready
    except Exception as error:  # a size that an implementation cannot run is a row of the table
        subject.problem = f"{type(error).__name__}: {error}"[:300]
    subject.first = time.perf_counter() - start


def _allocated(cuda: Any) -> int:
    if cuda is None:
        return 0
    cuda.reset_peak_memory_stats()
    return int(cuda.memory_allocated())


@dataclass(frozen=True, slots=True)
class _About:
    """What holds of the work on an entry, whatever does it."""

    work: Work
    amount: Amount
    prediction: Prediction | None

    @staticmethod
    def of(entry: Entry, sizes: Mapping[str, int], setting: Setting) -> _About:
        work, device = setting.work, setting.machine
        said = predicted(entry, work, device, sizes) if device else None
        return _About(work, Amount.of(entry, work, sizes), said)


def _measurement(
    name: str, entry: Entry, sizes: Mapping[str, int], subject: _Subject, about: _About
) -> Measurement:
    spread = Spread.of(subject.seconds) if subject.seconds else None
    own = subject.library == "diagc"
    said = about.prediction if own else None
    return Measurement(
        entry=name, implementation=subject.name, library=subject.library, dtype=spoken_dtype(entry.diagram),
        sizes=sizes, cpu=spread, wall=None, first=subject.first, memory=subject.memory, run_memory=subject.memory,
        error=subject.judgement.error, allowed=subject.judgement.allowed, peer=not own,
        problem=subject.judgement.problem or subject.problem,
        flops=about.amount.flops, least_bytes=about.amount.least_bytes, work=about.work,
        predicted=said and said.seconds, floor=said and said.floor,
    )  # fmt: skip


def gpu_table(measurements: Sequence[Measurement]) -> str:
    """One row for each implementation. Operations behind a mask count in full, so a causal row can pass the peak."""
    lines: list[str] = []
    titles = (
        "ms", "least–most", "predicted ms", "TFLOP/s (masks full)", "GB/s (least bytes)", "MB", "first s", "error",
    )  # fmt: skip
    heading: object = None
    for m in measurements:
        if heading != (m.entry, m.sizes):
            heading = m.entry, m.sizes
            lines.append(f"{m.entry}, {m.work}  {m.dtype}  {spoken_sizes(m.sizes)}")
            lines.append("  " + "implementation".ljust(56) + "  ".join(titles))
        lines.append("  " + m.implementation.ljust(56) + "  ".join(_cells(m, titles)))
        if m.problem:
            lines.append(f"    {m.problem}")
    lines += _prediction_error(measurements)
    return "\n".join(lines) + "\n"


def _prediction_error(measurements: Sequence[Measurement]) -> Iterator[str]:
    """How far predictions are from what was measured, of the form that is emitted unless another is asked for."""
    errors = [
        (abs(m.predicted / m.cpu.median - 1), f"{m.entry}, {spoken_sizes(m.sizes)}")
        for m in measurements
        if m.predicted is not None and m.cpu is not None and m.implementation == OWN
    ]
    if errors:
        median = statistics.median(error for error, _ in errors)
        worst, where = max(errors)
        yield f"predicted against measured: {median:.0%} apart in the median, {worst:.0%} at most ({where})"


def _cells(m: Measurement, titles: Sequence[str]) -> list[str]:
    predicted = "–" if m.predicted is None else f"{m.predicted * 1e3:.4g}"
    cells = ["–", "–", predicted, "–", "–"]
    if m.cpu is not None:
        median = m.cpu.median
        cells = [
            f"{median * 1e3:.4g}", f"{m.cpu.least * 1e3:.4g}–{m.cpu.most * 1e3:.4g}", predicted,
            f"{m.flops / median / 1e12:.1f}", f"{m.least_bytes / median / 1e9:.0f}",
        ]  # fmt: skip
    cells += [f"{m.memory / 1e6:.0f}", f"{m.first:.3g}", f"{m.error:.1e}"]
    return [cell.rjust(len(title)) for cell, title in zip(cells, titles, strict=True)]
