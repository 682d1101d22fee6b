"""Why what was found won: the same function derived without each of its laws, and the schedules that were priced.

Law: the search has no clock and draws no numbers, so the same function gives the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagc import api
from diagc.bench.coverage import Cover
from diagc.check.entry import Entry
from diagc.cost.words import amount, seconds
from diagc.diagnostics import DiagnosticError
from diagc.machine import machine
from diagc.optimise.predicted import MACHINES, by_kernels
from diagc.passes.normalise import ROUNDS, RULES
from diagc.passes.reassociate import MAX_FACTORS, RULE as ORDER
from diagc.plan.derivation import Derivation


def explained_lines(entry: Entry, derivation: Derivation) -> list[str]:
    """The predicted cost with one law less, for each law that was used, and the best schedules with their reasons."""
    own = _costs(entry, "")
    used = {law.rule: law.law for law in derivation.laws}
    tried = [rule for rule in used if rule in {ORDER.name, *(r.name for r in RULES)}]
    rows, alike = [_row("all laws", "", own)], list[str]()
    for rule in tried:
        found = _costs(entry, rule)
        if list(map(_numbers, found)) == list(map(_numbers, own)):
            alike.append(f"`{rule}`")
        else:
            rows.append(_row(rule, used[rule], found))
    titles = " | ".join(f"{machine(name).title}" for name in MACHINES)
    lines = [
        "Why, as predicted: derived again with one law less, all else the same.", "",
        f"| without | law | kernels | bytes | {titles} |", f"|---|---|--:|--:|{'--:|' * len(MACHINES)}", *rows, "",
    ]  # fmt: skip
    if alike:
        lines += [f"Without any one of {', '.join(alike)} it costs the same: others lead there as well.", ""]
    return [*lines, *_schedules(entry), *_budget()]


def _costs(entry: Entry, without: str) -> list[Cover]:
    try:
        return by_kernels(entry, (without,))
    except DiagnosticError:
        return []


def _numbers(found: Cover) -> tuple[int, int, float]:
    return len(found.stages), found.bytes_moved, found.seconds


def _row(without: str, law: str, found: Sequence[Cover]) -> str:
    if not found:
        return f"| {without} | {law} | none | | {' | ' * (len(MACHINES) - 1)} |"
    times = " | ".join(seconds(cover.seconds) for cover in found)
    return f"| {without} | {law} | {len(found[0].stages)} | {amount(found[0].bytes_moved)} | {times} |"


def _schedules(entry: Entry) -> list[str]:
    """The best schedules where there is one kernel."""
    title, *best = api.derive(entry, machine(MACHINES[0]), {})[0].schedule or ("",)
    return [f"Schedules of the one kernel on {title.rstrip(': ')}:", "", *best, ""] if best else []


def _budget() -> list[str]:
    orders = f"every bracketing of products of up to {MAX_FACTORS} factors"
    return [
        f"Searched: laws until none applies, {ROUNDS} rounds at most; {orders};",
        "every tiling by powers of two that fits on chip. Laws whose rules are not in the table were not left out.",
        "",
    ]
