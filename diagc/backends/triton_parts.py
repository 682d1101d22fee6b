"""The choice at run time between one kernel and its axis in parts: parts where programs leave half the device idle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from diagc.backends.launcher import TORCH, Host
from diagc.backends.launches import EntryKernels, Parted, Variant
from diagc.backends.sizes import input_name
from diagc.backends.triton_calls import call_launches, condition
from diagc.backends.triton_terms import size_text
from diagc.backends.writer import Writer

ASSUMED: Final = 132
"""Multiprocessors where kernels are interpreted: those of an H100 (SXM), so that tests take the way of a device."""

PROCESSORS: Final = f'''
def _processors(array: torch.Tensor) -> int:
    """How many programs the device of an array runs at once at least."""
    if array.device.type != "cuda":
        return {ASSUMED}
    return torch.cuda.get_device_properties(array.device).multi_processor_count
'''.lstrip()


def parted_plans(
    writer: Writer,
    entry: EntryKernels,
    names: Mapping[str, str],
    symbols: Mapping[str, str],
    host: Host = TORCH,
) -> None:
    """Return what a plan in parts gives, where the first plan of an entry has too few programs; else go on."""
    if not entry.parted:
        return
    first = entry.plans[0].launches[0].variants[-1]
    programs, processors = writer.fresh("programs"), writer.fresh("processors")
    writer.line(f"{programs} = {_programs(first, symbols, host)}")
    writer.line(f"{processors} = {host.processors(names[input_name(entry.diagram.inputs[0])])}")
    writer.line(f"if 0 < 2 * {programs} <= {processors}:")
    with writer.indented():
        for parted in entry.parted:
            _parts(writer, entry, parted, dict(names), symbols, (programs, processors), host)


def _programs(variant: Variant, symbols: Mapping[str, str], host: Host) -> str:
    """How many programs a kernel has: at most for axes of known size, else in the configuration for short rows."""
    kernel = variant.kernel
    counts: list[str] = []
    for axis in kernel.group_axes:
        if kernel.extents[axis].kind == "one":
            counts.append(size_text(axis.size, symbols))
        elif kernel.extents[axis].kind == "tile":
            blocks = [dict(config.blocks)[axis] for config in variant.configs]
            size, text = axis.size.value, size_text(axis.size, symbols)
            known = size is not None
            counts.append(
                str(math.ceil(size / min(blocks))) if known else host.ceiling(text, str(max(blocks)))
            )
    return " * ".join(count for count in counts if count != "1") or "1"


def _parts(
    writer: Writer, entry: EntryKernels, parted: Parted, names: dict[str, str], symbols: Mapping[str, str],
    counts: tuple[str, str], host: Host,
) -> None:  # fmt: skip
    """As many parts as the device has room for, none shorter than the unit, and none beyond the end."""
    (programs, processors), unit = counts, parted.unit
    size = size_text(parted.axis.size, symbols)
    wide = f"{size} >= {2 * unit}" if unit > 1 else f"2 * {programs} * {size} >= {processors}"
    writer.line(f"if {' and '.join(filter(None, (wide, condition(parted.plan, symbols, host))))}:")
    with writer.indented(), writer.scope():
        parts, length = writer.fresh(parted.parts), writer.fresh(parted.length)
        units = host.ceiling(size, str(unit)) if unit > 1 else size
        writer.line(f"{parts} = min({units}, {host.ceiling(processors, programs)})")
        rounded = (
            f"{host.ceiling(size, f'{parts} * {unit}')} * {unit}" if unit > 1 else host.ceiling(size, parts)
        )
        writer.line(f"{length} = {rounded}")
        writer.line(f"{parts} = {host.ceiling(size, length)}")
        call_launches(
            writer, parted.plan, names, {**symbols, parted.parts: parts, parted.length: length}, host
        )
        writer.line(f"return {', '.join(names[name] for name in entry.diagram.output_names)}")
