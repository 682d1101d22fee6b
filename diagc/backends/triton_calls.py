"""Calling the launches of a plan: under which sizes it fits, and what is passed from one launch to the next."""

from __future__ import annotations

from collections.abc import Mapping

from diagc.backends.launcher import TORCH, Host, free_symbols
from diagc.backends.launches import Plan
from diagc.backends.sizes import input_name
from diagc.backends.triton_terms import size_text
from diagc.backends.writer import Writer
from diagc.plan.extent import held_axes


def condition(plan: Plan, symbols: Mapping[str, str], host: Host = TORCH) -> str:
    """When the sizes fit a plan; empty when they always do."""
    parts: list[str] = []
    for variant in plan.limited:
        sizes = [axis.size for axis in held_axes(variant.kernel.extents)]
        if all(size.value is not None for size in sizes):
            continue
        limit = variant.configs[-1].max_resident
        texts = [size_text(size, symbols) for size in sizes]
        if len(texts) > 1 and not variant.multiplies:
            texts = [host.power_of_two(text) for text in texts]
        parts.append(f"{variant.widest(texts)} <= {limit}")
    return " and ".join(dict.fromkeys(parts))


def call_launches(
    writer: Writer, plan: Plan, names: dict[str, str], symbols: Mapping[str, str], host: Host = TORCH
) -> None:
    """Call the launchers of a plan; `names` gains the variables that hold their results.

    A launch that reads nothing is told which of the arrays that are known comes first.
    """
    first = next(iter(names.values()), "")
    for launch in plan.launches:
        arguments = [names[input_name(node)] for node in launch.variants[0].kernel.inputs]
        arguments += [symbols[symbol] for symbol in free_symbols(launch)]
        arguments += [] if launch.variants[0].kernel.inputs else host.place(first)
        for name in launch.diagram.output_names:
            names[name] = writer.fresh(name)
        targets = ", ".join(names[name] for name in launch.diagram.output_names)
        writer.line(f"{targets} = {host.launcher(launch.diagram)}({', '.join(arguments)})")
