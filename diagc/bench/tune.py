"""Measures alternatives to what the plan chose for given sizes: a form, then the tiles of one kernel after the other.

What stands against each other is judged against float64 and then timed in turns, so that what else the GPU does falls
on all alike. What is fastest in the median is kept.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from diagc.backends.fitting import Chosen, fitting
from diagc.backends.forms import formed
from diagc.backends.launches import FORMS, EntryKernels, Variant, resident_axes
from diagc.backends.plans import kernels
from diagc.backends.triton_program import emit_module
from diagc.backends.writer import identifier
from diagc.bench.gpu import Clock, Setting, Trial, event_clock, launcher, tensors_of
from diagc.bench.measurement import complete_sizes
from diagc.bench.work import Call, Work, launched_plans, prepared, question
from diagc.check.entry import Entry
from diagc.modules import module_of
from diagc.plan.config import Config
from diagc.verify.cases import make_case
from diagc.version import __version__

LEAST_BLOCK, MOST_BLOCK, MOST_STAGES = 16, 256, 4
WARPS: Final = (4, 8)


@dataclass(frozen=True, slots=True)
class Tried:
    """An alternative: the kernel that it changes, what it is, its median seconds or why there are none."""

    kernel: str
    choice: str
    seconds: float | None
    problem: str | None
    kept: bool


def tune(
    entry: Entry, sizes: Mapping[str, int], setting: Setting, clock: Clock
) -> tuple[EntryKernels, list[Tried]]:
    """The kernels of an entry as they are fastest at these sizes, and all that was tried."""
    made = kernels(entry, sizes)
    axes = {a for v, _ in _timed(made, setting.work, sizes) for a in resident_axes(v.kernel)}
    held = {symbol for axis in axes for symbol in axis.size.symbols}
    asked = question(entry, setting.work).diagram
    arrays = make_case(asked, "bench", sizes, "random").arrays
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial.of(entry, setting.work, sizes, setting.device, held)
        race = _Race(trial, tensors_of(asked, arrays, setting.device), setting, clock, Path(folder), [])
        forms = dict[str, EntryKernels]()
        for form in FORMS:
            changed = formed(made, form)
            if changed not in forms.values():
                forms[form] = changed
        made = race.fastest("every kernel", forms)
        for variant, config in _timed(made, setting.work, sizes):
            name = variant.kernel.name
            changed = {"as planned": made}
            for other in neighbours(config, variant):
                changed[_difference(config, other)] = _with(made, name, config, other)
            made = race.fastest(name, changed)
    return made, race.tried


def tuned_source(
    entry: Entry, file: str, sizes: Mapping[str, int], setting: Setting, say: Callable[[str], None]
) -> str:
    """The Triton file of an entry as it is fastest; each line of what was tried is said."""
    chosen = complete_sizes(entry.diagram, sizes)
    made, tried = tune(entry, chosen, setting, setting.clock or event_clock())
    for one in tried:
        found = one.problem if one.seconds is None else f"{one.seconds * 1e3:.4g} ms"
        say(f"{one.kernel}: {one.choice}: {found}{', kept' if one.kept else ''}")
    return emit_module([made], file, __version__)


def neighbours(config: Config, variant: Variant) -> Iterator[Config]:
    """Configurations one step away: a block halved or doubled, other warps, a stage more or less.

    The specialised form has its number of warps, that in Gluon also its rows, which are of as many warps.
    """
    same_warps = variant.form in ("specialised", "gluon")
    for place, (axis, block) in enumerate(config.blocks):
        tiled = variant.kernel.extents[axis].kind == "tile"
        for size in () if tiled and variant.form == "gluon" else (block // 2, block * 2):
            if LEAST_BLOCK <= size <= MOST_BLOCK:
                blocks = (*config.blocks[:place], (axis, size), *config.blocks[place + 1 :])
                yield replace(config, blocks=blocks)
    if not same_warps:
        yield from (replace(config, warps=warps) for warps in WARPS if warps != config.warps)
    fewest = 2 if same_warps else 1
    for stages in (config.stages - 1, config.stages + 1):
        if fewest <= stages <= MOST_STAGES:
            yield replace(config, stages=stages)


def _timed(made: EntryKernels, work: Work, sizes: Mapping[str, int]) -> Chosen:
    """The kernels that are launched for some work, each in the configuration that is taken at these sizes."""
    return tuple(chosen for plans in launched_plans(made, work) for chosen in fitting(plans, sizes) or ())


def _difference(before: Config, after: Config) -> str:
    blocks = [
        f"{axis.name}={b}" for (axis, b), old in zip(after.blocks, before.blocks, strict=True) if b != old[1]
    ]
    warps = [f"warps={after.warps}"] if after.warps != before.warps else []
    stages = [f"stages={after.stages}"] if after.stages != before.stages else []
    return " ".join((*blocks, *warps, *stages))


def _with(made: EntryKernels, name: str, before: Config, after: Config) -> EntryKernels:
    def change(variant: Variant) -> Variant:
        if variant.kernel.name != name:
            return variant
        return replace(variant, configs=tuple(after if c == before else c for c in variant.configs))

    return made.mapped(change)


@dataclass(frozen=True, slots=True)
class _Race:
    """The problem on which alternatives run: small for the judgement, large for the clock."""

    trial: Trial
    tensors: list[Any]
    setting: Setting
    clock: Clock
    folder: Path
    tried: list[Tried]

    def fastest(self, kernel: str, offered: Mapping[str, EntryKernels]) -> EntryKernels:
        """The offer with the least median; the first where none runs."""
        ready, problems = dict[str, Call](), dict[str, str | None]()
        for choice, made in offered.items():
            try:
                ready[choice] = self._ready(made)
            except Exception as error:  # what the compiler or the device refuses is no winner
                problems[choice] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        seconds: dict[str, list[float]] = {choice: [] for choice in ready}
        for _ in range(4 * self.setting.repeat):
            for choice, call in ready.items():
                seconds[choice].append(self.clock(call))
        medians = {choice: statistics.median(times) for choice, times in seconds.items()}
        best = min(medians, key=lambda choice: medians[choice], default=next(iter(offered)))
        self.tried.extend(
            Tried(kernel, choice, medians.get(choice), problems.get(choice), choice == best)
            for choice in offered
        )
        return offered[best]

    def _ready(self, made: EntryKernels) -> Call:
        """The work on the large problem, after it was right on the small one."""
        file = self.folder / f"tried_{len(list(self.folder.iterdir()))}.py"
        file.write_text(emit_module([made], "tune.diag", __version__))
        function = launcher(getattr(module_of(file), identifier(made.name)))
        verdict = self.trial.judged(function, 1.0)
        if verdict.problem is not None:
            raise ValueError(verdict.problem)
        call = prepared(function, self.tensors, self.trial.inputs, self.setting.work)
        call()
        return call
