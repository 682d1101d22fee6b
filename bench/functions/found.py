"""What diagc makes of a function: imported and compared, planned at its large arguments, and held against its case.

Everything but the error of the import is read off plans: bytes, operations and kernels of what is emitted, for the H200
at the sizes of the case.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from bench.functions.cases import CASES, Case
from diagc import api
from diagc.backends.sizes import input_name
from diagc.bench.coverage import Stage
from diagc.check.entry import Entry
from diagc.check.program import check_source
from diagc.diagnostics import DiagnosticError, failure
from diagc.importers.function import import_function, parse_arguments
from diagc.importers.traced import NAMES
from diagc.importers.written import named, write
from diagc.machine import machine
from diagc.source import Source

FOLDER: Final = Path(__file__).parent
FRAMEWORKS: Final = ("jax", "torch")
SLACK: Final = {"flops": 1.1, "moved": 1.01}
"""Operations beside products, as exponentials of scores, may add a tenth; counters of a few bytes a hundredth."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The plan of a function: what `Case` bounds, what the registers of a program hold at most in bytes, and the share
    of the predicted time that the products, or moving every array once, would take alone."""

    kernels: int
    loops: int
    stored: int
    moved: int
    flops: int
    held: int
    roofline: float


def framework_of(case: Case) -> str:
    """`jax` or `torch`: the file that defines the function."""
    texts = {f: (FOLDER / f"in_{f}.py").read_text("utf-8") for f in FRAMEWORKS}
    (found,) = (
        f for f, text in texts.items() if f"\ndef {case.name}(" in text or f"\nclass {case.name}(" in text
    )
    return found


def compared(case: Case) -> float:
    """Import the function at its small arguments; how far the specification is from it. Raises `DiagnosticError`."""
    file = FOLDER / f"in_{framework_of(case)}.py"
    call = case.made[0] if case.made is not None else None
    return import_function(file, case.name, parse_arguments(case.small), framework_of(case), call).error


def _made(case: Case) -> Callable[..., Any]:
    """The function, or the module at its large size."""
    found = getattr(importlib.import_module(f"bench.functions.in_{framework_of(case)}"), case.name)
    return found(*ast.literal_eval(f"({case.made[1]},)")) if case.made is not None else found


@cache
def specification(case: Case) -> Entry:
    """The specification at the large arguments; traced without running anything."""
    framework = framework_of(case)
    trace = importlib.import_module(f"diagc.importers.{framework}_trace").trace
    arguments = [(NAMES[dtype], shape) for dtype, shape in parse_arguments(case.large)]
    file = str(FOLDER / f"in_{framework}.py")
    text = write(named(trace(_made(case), case.name, file, arguments)), Path(file).name)
    return check_source(Source(f"{case.name}.diag", text)).entries[case.name]


def measured(case: Case) -> Measured:
    """What is emitted at the large arguments. Raises `DiagnosticError` where no kernel is made."""
    entry = specification(case)
    covers = api.emitted(entry, [machine("h200")], {})
    if not covers:
        raise failure("E0702", "no plan holds what it has to at these sizes")
    (cover,) = covers
    own = {*map(input_name, entry.diagram.inputs), *entry.diagram.output_names}
    stored = sum(count for name, count in cover.arrays.items() if name not in own)
    flops = sum(stage.cost.flops for stage in cover.stages)
    held = [s.cost.register_bytes for s in cover.stages if not _is_in_order(s)]
    share = float(f"{cover.roofline:.2f}")
    return Measured(len(cover.stages), cover.passes, stored, cover.swept, flops, max(held, default=0), share)


def _is_in_order(stage: Stage) -> bool:
    """Whether a kernel goes along an axis in order: the model does not say what it holds of that axis at a time."""
    return any(extent.kind in ("walk", "twin") for extent in stage.variant.kernel.extents.values())


def falls_short(case: Case, made: Measured) -> list[str]:
    """The bounds of a case that a plan does not keep, in words."""
    registers = machine("h200").levels["l3"].capacity.value
    bounds = [
        ("bytes in the registers of a program", made.held, registers),
        ("kernels", made.kernels, case.kernels),
        ("loops", made.loops, case.loops),
        ("bytes stored between kernels", made.stored, case.stored),
        ("bytes moved", made.moved, None if case.moved is None else case.moved * SLACK["moved"]),
        ("operations", made.flops, None if case.flops is None else case.flops * SLACK["flops"]),
    ]
    return [
        f"{value:.3g} {what}, not {bound:.3g}"
        for what, value, bound in bounds
        if bound is not None and value > bound
    ]


def shortcomings(case: Case) -> list[str]:
    """Why the best known form of a case was not found; nothing where it was."""
    try:
        if case.alike is not None:
            other = next(c for c in CASES if c.name == case.alike)
            same = _hash(case) == _hash(other)
            return [] if same else [f"another kernel than `{other.name}`"]
        return falls_short(case, measured(case))
    except DiagnosticError as error:
        return [error.diagnostics[0].message]


def _hash(case: Case) -> str:
    from tests.properties.kernel_hash import kernel_hash

    return kernel_hash(specification(case).diagram)
