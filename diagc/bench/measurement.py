"""What one measurement says, and the arrays that it is made on."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.backends.reference import evaluate
from diagc.backends.sizes import input_name
from diagc.core.diagram import Diagram
from diagc.core.dtypes import DType
from diagc.verify.cases import make_case
from diagc.verify.differential import Question, judge_array, plainly, sum_depth

Arrays = Mapping[str, NDArray[Any]]

PRIMES: Final = (37, 23, 29, 19, 31, 17, 41, 13)
SIXTEENS: Final = (144, 64, 80, 48, 112, 96, 176, 208)
"""Small sizes; the second pool is for libraries that refuse sizes which are no multiples of 8."""

_BATCH, _INNER = 2, 256
"""Sizes that are not given: of leading axes, and of the last two axes of an array."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds: the median of `count` calls, the least and the most."""

    median: float
    least: float
    most: float
    count: int

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return Spread(statistics.median(values), min(values), max(values), len(values))


@dataclass(frozen=True, slots=True)
class Measurement:
    """One implementation of one entry.

    `cpu` is user and system time of all threads, or the time between events on a GPU; `wall` is elapsed time. Bytes
    are those of memory above what the process had before it: `memory` with compilation, `run_memory` in the first run
    alone. `first` is seconds until the first result. Errors are relative to the norm of the float64 reference, on a
    small size; `problem` says why there are no figures, or which comparison failed. `flops` and `least_bytes` are
    those of the diagram: see `counts`. `predicted` are seconds by the cost model, of what diagc emits, and
    `floor` those by its products, or by moving every array once.
    """

    entry: str
    implementation: str
    library: str
    dtype: str
    sizes: Mapping[str, int]
    cpu: Spread | None
    wall: Spread | None
    first: float
    memory: int
    run_memory: int
    error: float
    allowed: float
    peer: bool = False
    problem: str | None = None
    flops: int = 0
    least_bytes: int = 0
    work: str = "forward"
    predicted: float | None = None
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Arrays of a size at which the reference is cheap, its results in float64, and plain ones with rounding."""

    arrays: Arrays
    exact: tuple[NDArray[Any], ...]
    rough: tuple[tuple[NDArray[Any], ...], ...]
    depth: int


def complete_sizes(diagram: Diagram, sizes: Mapping[str, int]) -> dict[str, int]:
    """The given sizes, and small ones for the symbols of the diagram that are not given."""
    inner = {s for n in diagram.inputs for axis in n.axes[-2:] for s in axis.size.symbols}
    return {s: sizes.get(s, _INNER if s in inner else _BATCH) for s in diagram.size_symbols}


def small_sizes(
    sizes: Mapping[str, int], pool: Sequence[int] = PRIMES, kept: Collection[str] = ()
) -> dict[str, int]:
    """Small sizes that are equal where the given ones are; sizes up to 8 and those kept stay, others are of a pool."""
    large = [size for size in dict.fromkeys(sizes.values()) if size > 8]
    place = {size: pool[i % len(pool)] for i, size in enumerate(large)}
    return {symbol: size if symbol in kept else place.get(size, size) for symbol, size in sizes.items()}


def sample(
    question: Question, sizes: Mapping[str, int], pool: Sequence[int] = PRIMES, kept: Collection[str] = ()
) -> Sample:
    """A small problem of the same kind as that of the given sizes, of which those `kept` stay."""
    diagram, small = question.diagram, small_sizes(sizes, pool, kept)
    case = make_case(diagram, "bench", small, "random")
    exact = evaluate(diagram, case.arrays, small)
    return Sample(case.arrays, exact, tuple(plainly(question, case)), sum_depth(diagram, small))


def judge(diagram: Diagram, made: Sample, results: Sequence[NDArray[Any]], slack: float = 1.0) -> Judgement:
    """The largest error of results on a sample; the allowed one is multiplied by `slack`."""
    if len(results) != len(made.exact):
        return Judgement(float("nan"), 0.0, f"{len(results)} results, expected {len(made.exact)}")
    found: list[Judgement] = []
    for place, (value, want, layout) in enumerate(zip(results, made.exact, diagram.layouts, strict=True)):
        tried = [_judged(judge_array(value, want, r[place], layout, made.depth), slack) for r in made.rough]
        found.append(min(tried, key=lambda j: (j.problem is not None, j.error - j.allowed)))
    return max(found, key=lambda j: (j.problem is not None, j.error - j.allowed))


def _judged(found: tuple[float, float, str | None], slack: float) -> Judgement:
    error, allowed, problem = found
    return Judgement(error, slack * allowed, None if error <= slack * allowed else problem)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Error, allowed error, and what is wrong if anything."""

    error: float
    allowed: float
    problem: str | None


def save_arrays(path: Path, diagram: Diagram, arrays: Arrays) -> None:
    """An `.npz` file of the inputs by name, floats in the smallest NumPy dtype that holds them."""
    narrow: dict[str, NDArray[Any]] = {}
    for node in diagram.inputs:
        array = arrays[input_name(node)]
        wide = node.dtype.kind != "float" or node.dtype is DType.F64
        narrow[input_name(node)] = array if wide else np.asarray(array, np.float32)
    np.savez(path, **narrow)  # pyright: ignore[reportArgumentType]


def dtype_names(diagram: Diagram) -> list[str]:
    """The dtypes of the inputs as torch and JAX call them, in the order of the signature."""
    return [node.dtype.array_name for node in diagram.inputs]


def spoken_dtype(diagram: Diagram) -> str:
    """The floating dtypes of the inputs, as in the language."""
    return " ".join(dict.fromkeys(n.dtype.value for n in diagram.inputs if n.dtype.kind == "float"))


def spoken_sizes(sizes: Mapping[str, int]) -> str:
    return " ".join(f"{symbol}={size}" for symbol, size in sizes.items())


def failed(measurements: Iterable[Measurement]) -> bool:
    """Whether something that diagc emitted disagrees with the reference or does not run."""
    return any(m.problem and not m.peer for m in measurements)
