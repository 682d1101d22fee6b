"""docs/functions.md as text, from what is known of each function."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.coverage_page import spoken_bytes
from bench.functions.cases import CASES, Case
from bench.functions.found import framework_of

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "functions.md"
RESULTS: Final = ROOT / "bench" / "results" / "functions.json"

HEAD: Final = """# Forty functions

Written by `python -m bench.functions`. Forty functions of PyTorch and JAX, written anew as they stand in public
repositories (`bench/functions/in_torch.py`, `in_jax.py`), go through `diagc import` and are planned at sizes of models
in use. For each the best form that is known is stated in `bench/functions/cases.py` as bounds that a plan can be held
against: kernels, bytes stored between them, bytes moved, operations, computed by hand from the sizes and the source.
Operations may be a tenth more than the products, bytes a hundredth more than the arrays; what a program holds has to
fit into the registers of a processor. A kernel holds up to 256 numbers of a row beside a product: rows of most
functions are that long, and `z_loss` shows what comes of longer ones.

- **error**: of the specification in float64 against the function on random arrays, of the largest element.
- **kernels**, **stored**, **moved**, **operations**: of what is emitted, from plans for the {machine}; nothing was
  measured.
- **roofline**: the share of the predicted time that the products, or moving every array once, would take alone. It is
  no bound of a best form: a recurrence step by step is slow in one kernel as well.
- **found**: whether all bounds are kept; if not, which are not, and the law or the form of a kernel that is missing.

{summary}

"""


def page(known: Mapping[str, Any]) -> str:
    """The whole page."""
    imported = sum(known[c.name]["error"] is not None for c in CASES if c.name in known)
    found = sum(not known[c.name]["short"] for c in CASES if c.name in known)
    summary = f"Of {len(known)} functions {imported} are imported and agree; of {found} the best known form is found."
    head = HEAD.format(machine="NVIDIA H200 SXM", summary=summary)
    rows = [
        "| function | best known form | source | error | kernels | stored | moved | operations | roofline | found |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    return head + "\n".join([*rows, *(_row(c, known[c.name]) for c in CASES if c.name in known)]) + "\n"


def _row(case: Case, known: Mapping[str, Any]) -> str:
    plan = known.get("plan")
    error = f"{known['error']:.0e}" if known["error"] is not None else known["refused"]
    figures = (
        [
            str(plan["kernels"]),
            spoken_bytes(plan["stored"]),
            spoken_bytes(plan["moved"]),
            f"{plan['flops']:.2e}",
            f"{100 * plan['roofline']:.0f} %",
        ]
        if plan
        else ["-"] * 5
    )
    found = "yes" if not known["short"] else f"no: {'; '.join(known['short'])}. Missing: {case.missing}"
    cells = [f"`{case.name}` ({framework_of(case)})", case.best, case.source, error, *figures, found]
    return f"| {' | '.join(cells)} |"
