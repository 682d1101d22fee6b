"""A function of a user's file, and what stands for it: its specification, kernels, a module, and a report.

Law: what is written computes what the function does, compared with it at the shapes that were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diagc import api
from diagc.backends.sizes import input_name
from diagc.check.entry import Entry
from diagc.check.program import check_source
from diagc.importers.function import Imported
from diagc.importers.written import named
from diagc.optimise.explain import explained_lines
from diagc.optimise.module import module_text
from diagc.optimise.predicted import Predicted, by_kernels, by_operations, predictions
from diagc.optimise.report import cost_lines, count, found_lines, law_lines
from diagc.plan.derivation import Derivation
from diagc.source import Source

LEAST: Final = 0.95
"""What is found moves less than this share of the bytes on some machine, in no more time, or it is nothing."""


@dataclass(frozen=True, slots=True)
class Optimised:
    """What stands for a function: texts by file name, and the report; `why` nothing was found."""

    found: bool
    files: Mapping[str, str]
    report: str
    why: str = ""


def optimised(imported: Imported, file: Path, name: str, explain: bool = False) -> Optimised:
    """The files that stand for an imported function; with `explain` the report says why they won.

    Raises `DiagnosticError` where no kernel is made.
    """
    entry = check_source(Source(f"{name}.diag", imported.text)).entries[named(imported.traced).name]
    derivation, _ = api.derive(entry)
    predicted = predictions(by_operations(imported.traced), by_kernels(entry))
    found = any(map(_gains, predicted))
    why = explained_lines(entry, derivation) if explain and found else []
    report = _report(imported, name, entry, derivation, predicted, found, why)
    files = {f"{name}.diag": imported.text, f"{name}.md": report}
    if found:
        entries = {entry.diagram.name: entry}
        files |= {
            f"{name}_jax.py": api.jax_source(entries, f"{name}.diag"),
            f"{name}_optimised.py": module_text(imported, file, name),
        }
        if imported.framework == "torch":
            files[f"{name}_triton.py"] = api.triton_source(entries, f"{name}.diag")
    return Optimised(found, files, report, "" if found else _why(predicted[0]))


def _report(
    imported: Imported,
    name: str,
    entry: Entry,
    derivation: Derivation,
    predicted: list[Predicted],
    found: bool,
    why: list[str],
) -> str:
    inputs = ", ".join(f"{input_name(n)}: {n.array}" for n in entry.diagram.inputs)
    head = [f"# {name}", "", f"`{entry.diagram.name}({inputs}) -> {derivation.signature}`", ""]
    return "\n".join([*head, *_found(derivation, predicted[0], found), *law_lines(derivation),
                      *cost_lines(predicted), *why, *_checked(imported)]) + "\n"  # fmt: skip


def _found(derivation: Derivation, predicted: Predicted, found: bool) -> list[str]:
    return found_lines(derivation, predicted) if found else [f"Nothing found: {_why(predicted)}.", ""]


def _gains(predicted: Predicted) -> bool:
    return predicted.share < LEAST and predicted.slower <= 1


def _why(predicted: Predicted) -> str:
    made = count(len(predicted.after.stages), "kernel")
    return f"{predicted.before.kernels} operations become {made}, which {predicted.words}"


def _checked(imported: Imported) -> list[str]:
    arrays = ", ".join(f"{v.dtype}[{','.join(map(str, v.shape))}]" for _, v, _ in imported.traced.inputs)
    return [
        f"Compared with the function on random arrays {arrays}:",
        f"the specification, in float64, is within {imported.error:.1e} of the largest element.",
    ]
