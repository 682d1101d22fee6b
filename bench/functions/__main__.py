"""Writes bench/results/functions.json and docs/functions.md: `python -m bench.functions [NAME ...]`.

With names only these are looked at again; the page is written from all that is known.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from bench.functions.cases import CASES, Case
from bench.functions.found import compared, measured, shortcomings
from bench.functions.page import PAGE, RESULTS, page
from diagc.diagnostics import DiagnosticError


def found(case: Case) -> dict[str, Any]:
    """What is known of a function."""
    try:
        error, refused = compared(case), None
    except DiagnosticError as problem:
        return {"error": None, "refused": problem.diagnostics[0].message, "short": ["it was not imported"]}
    try:
        made: dict[str, int] | None = asdict(measured(case))
    except DiagnosticError:
        made = None
    return {"error": float(f"{error:.1e}"), "refused": refused, "plan": made, "short": shortcomings(case)}


def main(names: list[str]) -> None:
    """Look at functions and write the page."""
    known: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for case in CASES:
        if case.name in names or not names:
            known[case.name] = found(case)
            print(case.name, json.dumps(known[case.name], ensure_ascii=False), flush=True)
    known = {case.name: known[case.name] for case in CASES if case.name in known}
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(known), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
