"""The passes between a written diagram and the one that kernels are planned for, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from diagc.core.diagram import Diagram
from diagc.core.rewrite import Record, Step
from diagc.passes.base_two import BaseTwo
from diagc.passes.choices import Choices
from diagc.passes.masked_factors import MaskedFactors
from diagc.passes.normalise import Normalise
from diagc.passes.pipeline import Pass
from diagc.passes.reassociate import Reassociate

PLANNED: Final[tuple[tuple[str, Pass], ...]] = (
    ("choices", Choices()), ("base-two", BaseTwo()), ("masked-factors", MaskedFactors()),
)  # fmt: skip
"""The passes that make the form that kernels are planned for out of the normal form."""

WORDS: Final[Mapping[str, str]] = {
    "flatten": "sums and products lose their brackets, quotients are products, re-indexing moves inwards",
    "order": "operands of commutative functions and sets of axes get an order that no name decides",
    "even powers": "differences under even powers stand the same way round",
    "laws": "every law of the normal form, until none applies",
    "shared folds": "a fold goes on from one that is computed in any case",
    "reassociate": "contractions are done in the order that is the least work",
    "choices": "joins and selections of few elements become choices by index",
    "base-two": "exponentials become powers of two, which the hardware has",
    "masked-factors": "masks move to a factor of the contraction under them",
}
"""What each pass does."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One pass: the diagram before and after it, and the laws that it applied. An idle one changes nothing."""

    name: str
    before: Diagram
    after: Diagram
    steps: tuple[Step, ...]

    @property
    def idle(self) -> bool:
        return self.before.outputs == self.after.outputs


def stages(diagram: Diagram, record: Record, sizes: Mapping[str, int] | None = None) -> Iterator[Stage]:
    """Every pass, with contractions in the order that is best at `sizes`."""
    before, used = diagram, len(record.steps)
    for name, after in _passes(diagram, record, sizes or {}):
        yield Stage(name, before, after, tuple(record.steps[used:]))
        before, used = after, len(record.steps)


def _passes(diagram: Diagram, record: Record, sizes: Mapping[str, int]) -> Iterator[tuple[str, Diagram]]:
    made = diagram
    for name, normal in Normalise().stages(diagram, record):
        yield name, (made := normal)
    for name, step in (("reassociate", Reassociate(sizes)), *PLANNED):
        made = step.run(made, record)
        yield name, made
