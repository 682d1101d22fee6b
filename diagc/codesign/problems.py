"""Design problems as they are asked: what is needed, both ends of what is not known, and results in words.

>>> shown(1234.5678, Port("cost", REAL, "USD"))
'1235 USD'
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diagc.codesign.solve import Solution, solve
from diagc.core.design import REAL, Apply, Constant, Design, Port, Term
from diagc.diagnostics import Label, failure


@dataclass(frozen=True, slots=True)
class Answer:
    """The solutions of a design for a need: `best` if all that is not known turns out well, `worst` if badly.

    They are the same where everything is known.
    """

    design: Design
    need: Mapping[str, float]
    best: Solution
    worst: Solution

    @property
    def is_uncertain(self) -> bool:
        return self.worst is not self.best

    def solutions(self) -> Iterator[tuple[str, Solution]]:
        """The solutions with what they are called."""
        yield ("at best" if self.is_uncertain else ""), self.best
        if self.is_uncertain:
            yield "at worst", self.worst

    def implementations(self, solution: Solution, row: int) -> dict[str, str]:
        """The implementation of each component in a point of a solution; those with a single one are left out."""
        return {
            part.name: part.labels[chosen]
            for part, chosen in zip(self.design.components, solution.chosen[row], strict=True)
            if len(part.labels) > 1
        }


def answer(design: Design, need: Mapping[str, float]) -> Answer:
    """Both ends of the solution of a design. Raises `DiagnosticError` E1508 for functionality without a value."""
    missing = [port for port in design.provides if port.name not in need]
    if missing:
        names = ", ".join(f"`{port.name}`" for port in missing)
        raise failure("E1508", f"how much {names} is needed has no value", Label(missing[0].span),
                      help=f"add `--need {missing[0].name}=1`, or a value in the file")  # fmt: skip
    best = solve(design, need, 0)
    return Answer(design, need, best, solve(design, need, 1) if is_uncertain(design) else best)


def is_uncertain(design: Design) -> bool:
    """Whether anything in a design is known between bounds only."""
    parts = design.components
    if any(low != high for part in parts for low, high in part.parameters.values()):
        return True
    bounds = [*design.demands, *design.results, *(b for p in parts for b in (*p.limits, *p.needs))]
    return any(_is_uncertain(bound.term) for bound in bounds)


def _is_uncertain(term: Term) -> bool:
    match term:
        case Constant(low, high):
            return low != high
        case Apply(_, operands):
            return any(map(_is_uncertain, operands))
        case _:
            return False


def needed(design: Design, name: str, text: str) -> float:
    """The value of functionality that a text gives. Raises `ValueError` saying what is wrong."""
    port = next((port for port in design.provides if port.name == name), None)
    if port is None:
        raise ValueError(
            f"`{design.name}` provides {', '.join(p.name for p in design.provides) or 'nothing'}"
        )
    if port.order.is_finite:
        if text not in port.order.elements:
            raise ValueError(f"`{text}` is none of {', '.join(port.order.elements)}")
        return float(port.order.elements.index(text))
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ValueError(f"`{text}` is no number from 0 on")
    return value


def shown(value: float, port: Port) -> str:
    """A value with its unit."""
    if port.order.is_finite:
        return port.order.elements[int(value)]
    return f"{value:.4g}{' ' + port.unit if port.unit else ''}"


__all__ = ["REAL", "Answer", "answer", "is_uncertain", "needed", "shown"]
