"""Every step of a derivation in numbers: both sides in float64 on random arrays, and the folds in any chunks.

This knows nothing of how a rule or a fold was found; it evaluates what they claim to be equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagc.backends.reference import evaluate
from diagc.core.diagram import Array, Diagram, Node
from diagc.core.rewrite import Step
from diagc.plan.chunks import chunked
from diagc.plan.structure import Structure
from diagc.verify.cases import Case, enough, make_case

TOLERANCE: Final = 1e-9
"""Largest error, relative to the largest value of an array: a million roundings in float64."""

CHUNKINGS: Final = 4
"""Random chunkings, each merged in a random order."""

_SIZES: Final = ((3, 5, 4, 7, 2, 6), (2, 1, 3, 4, 5, 3))


@dataclass(frozen=True, slots=True)
class Check:
    """What was compared, and the largest error in all cases."""

    what: str
    error: float

    @property
    def passed(self) -> bool:
        return self.error <= TOLERANCE


def check_all(
    written: Diagram, final: Diagram, steps: Sequence[Step], structure: Structure | None
) -> tuple[Check, ...]:
    """Each step, the diagram that they lead to, and the folds of its passes where there are any."""
    checks = [*check_steps(written, steps), check_result(written, final, "written diagram = normal form")]
    if structure is not None and structure.passes:
        checks.append(check_folds(structure))
    return tuple(checks)


def line(check: Check) -> str:
    """A check in words."""
    return f"{'holds' if check.passed else 'WRONG'}, error {check.error:.1e}: {check.what}"


def check_steps(diagram: Diagram, steps: Sequence[Step]) -> Iterator[Check]:
    """One check for each application of a rule."""
    for number, step in enumerate(steps, 1):
        name = f"{number}. {step.rule.law}"
        if set(step.before.axes) != set(step.after.axes):
            yield Check(name, float("inf"))
            continue
        before, after = (_alone(diagram, side, step.before.array) for side in (step.before, step.after))
        yield Check(name, max(_difference(before, after, case) for case in _cases(diagram)))


def check_result(written: Diagram, normal: Diagram, what: str) -> Check:
    """Two diagrams of one signature."""
    return Check(what, max(_difference(written, normal, case) for case in _cases(written)))


def check_folds(structure: Structure) -> Check:
    """The diagram of a structure against its passes in chunks."""
    worst = 0.0
    for case in _cases(structure.diagram):
        for seed in range(CHUNKINGS):
            split = chunked(structure, case.sizes, random.Random(seed))
            worst = max(worst, _difference(structure.diagram, split, case))
    return Check(f"the folds in {CHUNKINGS} random chunkings, merged in random order", worst)


def _alone(diagram: Diagram, root: Node, layout: Array) -> Diagram:
    return Diagram(diagram.name, diagram.inputs, (root,), ("out",), (Array(root.dtype, layout.axes),))


def _cases(diagram: Diagram) -> Iterator[Case]:
    """Two small sizes for which no axis is empty, and random values."""
    symbols = diagram.size_symbols
    for number, pool in enumerate(_SIZES):
        sizes = {symbol: pool[place % len(pool)] for place, symbol in enumerate(symbols)}
        if any(axis.size.evaluate(sizes) < 1 for axis in diagram.axes):
            sizes = {symbol: 4 + place for place, symbol in enumerate(symbols)}
        yield make_case(diagram, f"derivation {number}", enough(diagram, sizes), "random")


def _difference(one: Diagram, other: Diagram, case: Case) -> float:
    """The largest error of the second against the first, relative to the largest finite value."""
    pairs = zip(*(evaluate(d, case.arrays, case.sizes) for d in (one, other)), strict=True)
    return max((_error(a, b) for a, b in pairs), default=0.0)


def _error(expected: NDArray[Any], found: NDArray[Any]) -> float:
    a, b = (np.asarray(value, np.float64) for value in (expected, found))
    if a.size == 0:
        return 0.0
    finite = np.isfinite(a)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return float("inf")
    if not np.isfinite(b[finite]).all():
        return float("inf")
    if not finite.any():
        return 0.0
    return float(np.max(np.abs(a[finite] - b[finite])) / max(float(np.max(np.abs(a[finite]))), 1.0))
