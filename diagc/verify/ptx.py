"""PTX of the kernels that an entry launches at given sizes, with what each of them is called with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from diagc.backends.fitting import launched
from diagc.backends.launches import Variant
from diagc.backends.plans import kernels
from diagc.check.entry import Entry
from diagc.verify.aot import Report, compile_variants, request


def compiled(entry: Entry, sizes: Mapping[str, int], target: str) -> Iterator[tuple[Report, dict[str, Any]]]:
    """Each kernel compiled, and its name, arguments in order with their types, constants, warps, shared memory.

    Raises `DiagnosticError` E0602 where the size of an axis that a kernel holds is not given.
    """
    chosen = [
        Variant(variant.kernel, (config,)) for variant, config in launched(kernels(entry, sizes), sizes)
    ]
    for variant, report in zip(chosen, compile_variants(chosen, [target], sizes=sizes), strict=True):
        asked = request(variant, variant.configs[0], target, sizes)
        yield report, {
            "kernel": report.kernel, "function": asked["function"], "arguments": asked["signature"],
            "constants": asked["constants"], "warps": report.warps, "shared": report.shared,
            "registers": report.registers, "spills": report.spills,
        }  # fmt: skip
