"""What a report says of a function or a region: what was found, by which laws, and the cost before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from diagc.cost.words import amount, seconds
from diagc.optimise.predicted import Predicted
from diagc.plan.derivation import Derivation
from diagc.plan.folds import State


def found_lines(derivation: Derivation, predicted: Predicted) -> list[str]:
    """How many kernels there are, what a pass carries, and what kernels read and write."""
    made = len(predicted.after.stages)
    loops = [loop for loop in derivation.loops if loop.states]
    lines = [f"Found: {predicted.before.kernels} operations become {count(made, 'kernel')}.", ""]
    for loop in loops if made == 1 else ():
        lines.append(f"- one pass over {', '.join(loop.axes)} carries")
        lines += [f"  - {_state(state)}" for state in loop.states]
    return [*lines, *(f"- {line}" for line in derivation.kernels), ""]


def _state(state: State) -> str:
    rescaled = f", rescaled by {state.rescale}" if state.rescale is not None else ""
    return f"{state.name} = {state.monoid} of {state.lift}{rescaled}"


def count(number: int, noun: str) -> str:
    """`1 kernel`, `2 kernels`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def law_lines(derivation: Derivation) -> list[str]:
    """The laws used, most used first."""
    counts = Counter((law.rule, law.law) for law in derivation.laws)
    if not counts:
        return []
    rows = [f"| {rule} | {law} | {number} |" for (rule, law), number in counts.most_common()]
    return ["Laws used:", "", "| rule | law | times |", "|---|---|--:|", *rows, ""]


def cost_lines(predicted: Iterable[Predicted]) -> list[str]:
    """A table of the cost before and after."""
    lines = ["Predicted, operation by operation and as derived:", "",
             "| machine | | kernels | bytes | time |", "|---|---|--:|--:|--:|"]  # fmt: skip
    for p in predicted:
        before, after = p.before, p.after
        lines.append(
            f"| {p.machine} | before | {before.kernels} | {amount(before.bytes_moved)} | {seconds(before.seconds)} |"
        )
        lines.append(
            f"| | after | {len(after.stages)} | {amount(after.bytes_moved)} | {seconds(after.seconds)} |"
        )
    return [*lines, ""]
