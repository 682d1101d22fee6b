"""PTX of the kernels that an entry launches at given sizes, with what each of them is called with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from diagc.backends.emit import Carried
from diagc.backends.fitting import fixed, launched
from diagc.backends.jax_plain import draws
from diagc.backends.jax_runtime import Compiled
from diagc.backends.launches import Variant, resident_axes
from diagc.backends.plans import kernels
from diagc.backends.shapes import undetermined
from diagc.backends.triton_module import arrays_read
from diagc.check.entry import Entry
from diagc.verify.aot import SHARED_LIMIT, Report, compile_variants, request

PROCESSES: Final = 2
"""Kernels that are compiled at once."""

CONSTANTS: Final = ("BLOCK_", "EXACT_")
"""How the names of constants begin that a launcher chooses; the others are innermost strides, which are 1."""


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


def carried(
    entries: Mapping[str, Entry], sizes: Mapping[str, int], target: str
) -> tuple[Carried, tuple[Report, ...]]:
    """The kernels that a JAX file carries, each in two forms, and the reports of those that have a problem.

    One form is for sizes of blocked axes that are multiples of 16, the other for any; held axes have the given sizes.
    A problem of the latter is one if it is left out for that: else it costs a little time at odd sizes.
    An entry is left out where JAX could not call its kernels: it draws numbers, or no shape determines a size. Raises
    `DiagnosticError` E0602 where the size of an axis that a kernel holds is not given.
    """
    found = {
        name: fixed(kernels(entry, sizes), sizes)
        for name, entry in entries.items()
        if not draws(entry.diagram.outputs)
        and not undetermined(entry.diagram.inputs, entry.diagram.size_symbols)
    }
    found = {name: made for name, made in found.items() if made.plans}
    every = {v.kernel.name: v for made in found.values() for v in made.variants}
    listed, problems = list[Compiled](), list[Report]()
    forms = [(v, *form, target) for v in every.values() for form in _forms(v, sizes)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        for form, one, report in pool.map(_compile, *zip(*forms, strict=True)) if forms else ():
            problems += [report] if report.problem is not None and (form == 0 or one is None) else []
            listed += [one] if one is not None else []
    return Carried(found, listed, target), tuple(problems)


_Form = tuple[int, Mapping[str, int], Collection[str]]
"""The place among forms, sizes that are known, and symbols that 16 divides."""


def _forms(variant: Variant, sizes: Mapping[str, int]) -> list[_Form]:
    """First the form that is fast, then that for any size, if it is another one."""
    kernel = variant.kernel
    held = {symbol for axis in resident_axes(kernel) for symbol in axis.size.symbols}
    blocked = {s for axis, extent in kernel.extents.items() if extent.blocked for s in axis.size.symbols}
    any_size = {symbol: sizes[symbol] for symbol in held}
    forms: list[_Form] = [(0, sizes, blocked - sizes.keys()), (1, any_size, ())]
    asked = [request(variant, variant.configs[0], "", *form[1:])["aligned"] for form in forms]
    return forms if asked[0] != asked[1] else [(0, any_size, ())]


def _compile(
    variant: Variant, form: int, sizes: Mapping[str, int], multiples: Collection[str], target: str
) -> tuple[int, Compiled | None, Report]:
    """One form of a kernel; None where it does not compile, or asks for more than a launch gives."""
    (config,) = variant.configs
    (report,) = compile_variants([variant], [target], 1, sizes, multiples)
    asked = request(variant, config, target, sizes, multiples)
    if not report.ptx or report.scratch or report.shared > SHARED_LIMIT[target]:
        return form, None, report
    kernel, names = variant.kernel, list(asked["signature"])
    arrays = [node.dtype for node in arrays_read(kernel)] + [array.dtype for _, array in kernel.outputs]
    integers = names[len(arrays) :]
    multiple = tuple(place for place, name in enumerate(integers) if name in asked["aligned"])
    constants = {name: value for name, value in asked["constants"].items() if name.startswith(CONSTANTS)}
    compiled = Compiled(
        asked["function"], tuple(dtype.array_name for dtype in arrays), constants, config.warps, config.stages,
        report.shared, multiple, report.ptx,
    )  # fmt: skip
    return form, compiled, report
