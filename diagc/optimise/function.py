"""A function of a user's file, and what stands for it: its specification, kernels, a module, and a report.

Law: what is written computes what the function does, compared with it at the shapes that were asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diagc import api
from diagc.backends.sizes import input_name
from diagc.bench.coverage import Cover
from diagc.check.entry import Entry
from diagc.check.program import check_source
from diagc.cost.words import amount, seconds
from diagc.diagnostics import DiagnosticError
from diagc.importers.function import Imported
from diagc.importers.written import named
from diagc.machine import machine
from diagc.optimise.module import module_text
from diagc.optimise.operations import Cost, one_by_one
from diagc.plan.derivation import Derivation
from diagc.plan.folds import State
from diagc.source import Source

MACHINES: Final = ("h200", "cpu")
LEAST: Final = 0.95
"""What is found moves at most this share of the bytes, or it is nothing."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """The cost on a machine before and after; `after` is None where no kernel is made."""

    machine: str
    before: Cost
    after: Cover | None


@dataclass(frozen=True, slots=True)
class Optimised:
    """What stands for a function: texts by file name, empty where nothing was found, and the report."""

    found: bool
    files: Mapping[str, str]
    report: str


def optimised(imported: Imported, file: Path, name: str) -> Optimised:
    """The files that stand for an imported function. Raises `DiagnosticError` where no kernel is made."""
    entry = check_source(Source(f"{name}.diag", imported.text)).entries[named(imported.traced).name]
    derivation, _ = api.derive(entry)
    sizes = dict[str, int]()
    predicted = [
        Predicted(m.title, one_by_one(imported.traced, m), _emitted(entry, m.name, sizes))
        for m in map(machine, MACHINES)
    ]
    found = any(p.after is not None and p.after.bytes_moved < LEAST * p.before.bytes_moved for p in predicted)
    report = _report(imported, name, entry, derivation, predicted, found)
    files = {f"{name}.diag": imported.text, f"{name}.md": report}
    if found:
        entries = {entry.diagram.name: entry}
        files |= {
            f"{name}_jax.py": api.jax_source(entries, f"{name}.diag"),
            f"{name}_optimised.py": module_text(imported, file, name),
        }
        if imported.framework == "torch":
            files[f"{name}_triton.py"] = api.triton_source(entries, f"{name}.diag")
    return Optimised(found, files, report)


def _emitted(entry: Entry, on: str, sizes: Mapping[str, int]) -> Cover | None:
    try:
        return api.emitted(entry, machine(on), sizes)
    except DiagnosticError:
        return None


def _report(
    imported: Imported,
    name: str,
    entry: Entry,
    derivation: Derivation,
    predicted: list[Predicted],
    found: bool,
) -> str:
    inputs = ", ".join(f"{input_name(n)}: {n.array}" for n in entry.diagram.inputs)
    head = [f"# {name}", "", f"`{entry.diagram.name}({inputs}) -> {derivation.signature}`", ""]
    return "\n".join([*head, *_found(name, derivation, predicted, found), *_laws(derivation), *_costs(predicted),
                      *_checked(imported)]) + "\n"  # fmt: skip


def _found(name: str, derivation: Derivation, predicted: list[Predicted], found: bool) -> list[str]:
    after, before = predicted[0].after, predicted[0].before
    if after is None:
        return [f"Nothing found: no kernel is made for `{name}`.", ""]
    if not found:
        made = _count(len(after.stages), "kernel")
        return [f"Nothing found: {before.kernels} operations become {made} and move as many bytes.", ""]
    loops = [loop for loop in derivation.loops if loop.states]
    lines = [f"Found: {before.kernels} operations become {_count(len(after.stages), 'kernel')}.", ""]
    for loop in loops if len(after.stages) == 1 else ():
        lines.append(f"- one pass over {', '.join(loop.axes)} carries")
        lines += [f"  - {_state(state)}" for state in loop.states]
    lines += [f"- {line}" for line in derivation.kernels]
    return [*lines, ""]


def _state(state: State) -> str:
    rescaled = f", rescaled by {state.rescale}" if state.rescale is not None else ""
    return f"{state.name} = {state.monoid} of {state.lift}{rescaled}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _laws(derivation: Derivation) -> list[str]:
    counts = Counter((law.rule, law.law) for law in derivation.laws)
    if not counts:
        return []
    rows = [f"| {rule} | {law} | {number} |" for (rule, law), number in counts.most_common()]
    return ["Laws used:", "", "| rule | law | times |", "|---|---|--:|", *rows, ""]


def _costs(predicted: list[Predicted]) -> list[str]:
    lines = ["Predicted, operation by operation and as derived:", "",
             "| machine | | kernels | bytes | time |", "|---|---|--:|--:|--:|"]  # fmt: skip
    for p in predicted:
        before, after = p.before, p.after
        lines.append(
            f"| {p.machine} | before | {before.kernels} | {amount(before.bytes_moved)} | {seconds(before.seconds)} |"
        )
        if after is not None:
            lines.append(
                f"| | after | {len(after.stages)} | {amount(after.bytes_moved)} | {seconds(after.seconds)} |"
            )
    return [*lines, ""]


def _checked(imported: Imported) -> list[str]:
    arrays = ", ".join(f"{v.dtype}[{','.join(map(str, v.shape))}]" for _, v, _ in imported.traced.inputs)
    return [
        f"Compared with the function on random arrays {arrays}:",
        f"the specification, in float64, is within {imported.error:.1e} of the largest element.",
    ]
