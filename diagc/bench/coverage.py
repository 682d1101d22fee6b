"""What the plan of an entry does at given sizes: kernels, passes, arrays read, and the time that the model predicts.

Everything here is a prediction made from plans; nothing is run. The tiles are those of the emitted configurations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from diagc.backends.fitting import fitting, taken
from diagc.backends.launches import Launch, Plan, Variant
from diagc.check.entry import Entry
from diagc.cost.estimate import Estimate, estimate, executed, pipeline
from diagc.cost.region import Tiling
from diagc.machine import Machine
from diagc.plan.config import Config
from diagc.plan.regions import region
from diagc.plan.structure import Structure, structure

_COMMON: Final = {
    "b": 2, "h": 16, "kv": 4, "g": 4, "q": 8192, "x": 8192, "t": 8192, "d": 128, "e": 128, "row": 8192, "n": 8192,
    "m": 8192, "k": 8192, "o": 4096, "token": 8192, "vocab": 32768,
}  # fmt: skip
_BY_FILE: Final[dict[str, dict[str, int]]] = {
    "layers": {"b": 8192, "i": 4096, "h": 14336, "o": 4096},
    "cross_entropy": {"d": 4096},
    "regularised": {"d": 4096},
    "matmul": {"n": 8192},
    "fused": {"o": 8192, "b": 16, "group": 32, "channel": 16, "pixel": 4096},
    "convolution": {"b": 16, "i": 128, "j": 128, "half_i": 64, "half_j": 64, "c": 256, "o": 256},
    "decode": {"b": 64, "q": 1},
    "nearest": {"d": 64, "e": 64},
    "linear": {"n": 128},
    "block": {"b": 4, "t": 4096},
}


def sizes_of(file: str, entry: Entry) -> dict[str, int]:
    """The sizes at which the page states predictions: those of models in use, by the names of axes."""
    known = {**_COMMON, **_BY_FILE.get(file, {})}
    return {symbol: known.get(symbol, 64) for symbol in entry.diagram.size_symbols}


@dataclass(frozen=True, slots=True)
class Stage:
    """A kernel at given sizes: the variant and the configuration that the launcher takes, and what it costs.

    `loops` counts the loops over each streamed axis, `reads` those that read an array whole; `multiplied` are the
    seconds of its products alone; `swept` are the bytes of its arrays, each as often as it is read or written.
    """

    variant: Variant
    config: Config
    loops: Mapping[str, int]
    reads: Mapping[str, int]
    arrays: Mapping[str, int]
    swept: int
    multiplied: float
    cost: Estimate


@dataclass(frozen=True, slots=True)
class Cover:
    """A plan at given sizes. Bytes cross the interface of the device's memory; seconds are predicted.

    `reads` says how often each array of the entry is read, summed over kernels and loops. `roofline` is the share of
    the predicted time that the products, or moving every array of the entry once, would take alone.
    """

    stages: tuple[Stage, ...]
    reads: Mapping[str, int]
    bytes_moved: int
    least_bytes: int
    seconds: float
    roofline: float
    bound: str

    @property
    def swept(self) -> int:
        """Bytes of the arrays, each as often as a loop reads it or a kernel writes it."""
        return sum(stage.swept for stage in self.stages)

    @property
    def arrays(self) -> dict[str, int]:
        """Bytes of each array that a kernel reads or writes."""
        return {name: count for stage in self.stages for name, count in stage.arrays.items()}

    @property
    def passes(self) -> int:
        """The most loops over one streamed axis that a kernel has; 1 where everything is held."""
        return max((n for stage in self.stages for n in stage.loops.values()), default=1)


def cover(
    plans: Iterable[Plan], arrays: Iterable[str], machine: Machine, sizes: Mapping[str, int]
) -> Cover | None:
    """What the first plan that fits does; `arrays` are inputs and results of the entry."""
    plan = next((p for p in plans if fitting([p], sizes) is not None), None)
    if plan is None:
        return None
    stages = tuple(_stage(step, machine, sizes) for step in plan.launches)
    named = set(arrays)
    reads = Counter[str]()
    for stage in stages:
        reads.update({name: count for name, count in stage.reads.items() if name in named})
    bytes_of = {name: count for stage in stages for name, count in stage.arrays.items()}
    least = sum(count for name, count in bytes_of.items() if name in named)
    costs = [stage.cost for stage in stages]
    seconds = sum(cost.predicted_seconds for cost in costs)
    multiplied = sum(stage.multiplied for stage in stages)
    bandwidth = machine.levels["l0"].bandwidth
    moved = least / bandwidth.value if bandwidth is not None else 0.0
    bound = "compute" if multiplied > moved else "memory"
    share = max(multiplied, moved) / seconds if seconds else 1.0
    return Cover(stages, reads, sum(c.level_bytes["l0"] for c in costs), least, seconds, share, bound)


def _stage(step: Launch, machine: Machine, sizes: Mapping[str, int]) -> Stage:
    found = taken(step, sizes)
    assert found is not None
    variant, config = found
    planned = structure(step.diagram)
    if planned.streamed and not any(e.kind == "stream" for e in variant.kernel.extents.values()):
        planned = structure(step.diagram, resident_rows=True)
    loops = Counter(p.axes[-1].name for p in planned.passes)
    if planned.stored_axis is not None:
        loops[planned.stored_axis.name] += 1
    seen = region(planned, sizes)
    arrays = dict[str, int]()
    for array in seen.transfers:
        arrays[array.name] = max(arrays.get(array.name, 0), array.values * array.bytes)
    tiling = _tiling(planned, config)
    cost = estimate(seen, tiling, machine, config.stages)
    products = [w for w in seen.work if w.sides is not None]
    multiplied = sum(executed(seen, tiling, w, machine) / pipeline(w, machine)[1] for w in products)
    moved = {
        (t.name, t.loop): t.values * t.bytes for t in seen.reads
    }  # tiles of one array in a loop are loaded once
    reads = Counter(name for (name, _), count in moved.items() if count == arrays[name])
    swept = sum(moved.values()) + sum(t.values * t.bytes for t in seen.writes)
    return Stage(variant, config, loops, reads, arrays, swept, multiplied, cost)


def _tiling(planned: Structure, config: Config) -> Tiling:
    blocks = {axis.uid: block for axis, block in config.blocks}
    group = {a.uid for a in planned.group_axes}
    return Tiling(
        {a: b for a, b in blocks.items() if a in group}, {a: b for a, b in blocks.items() if a not in group}
    )
