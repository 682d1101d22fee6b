"""Calling the launches of a plan: under which sizes it fits, and what is passed from one launch to the next."""

from __future__ import annotations

from collections.abc import Mapping

from diagc.backends.launches import Plan
from diagc.backends.sizes import input_name
from diagc.backends.triton_module import free_symbols
from diagc.backends.triton_terms import size_text
from diagc.backends.writer import Writer, identifier
from diagc.core.diagram import Diagram
from diagc.plan.extent import held_axes


def launcher_name(diagram: Diagram) -> str:
    """The function that starts the kernel of a launch."""
    return f"_{identifier(diagram.name)}"


def condition(plan: Plan, symbols: Mapping[str, str]) -> str:
    """When the sizes fit a plan; empty when they always do."""
    parts: list[str] = []
    for variant in plan.limited:
        sizes = [axis.size for axis in held_axes(variant.kernel.extents)]
        if all(size.value is not None for size in sizes):
            continue
        limit = variant.configs[-1].max_resident
        texts = [size_text(size, symbols) for size in sizes]
        if len(texts) > 1 and not variant.multiplies:
            texts = [f"triton.next_power_of_2({text})" for text in texts]
        parts.append(f"{variant.widest(texts)} <= {limit}")
    return " and ".join(dict.fromkeys(parts))


def call_launches(writer: Writer, plan: Plan, names: dict[str, str], symbols: Mapping[str, str]) -> None:
    """Call the launchers of a plan; `names` gains the variables that hold their results.

    A launch that reads nothing runs where the first of the arrays is that are known.
    """
    device = f"{next(iter(names.values()))}.device" if names else ""
    for launch in plan.launches:
        arguments = [names[input_name(node)] for node in launch.variants[0].kernel.inputs]
        arguments += [symbols[symbol] for symbol in free_symbols(launch)]
        arguments += [] if launch.variants[0].kernel.inputs else [f"device={device}"]
        for name in launch.diagram.output_names:
            names[name] = writer.fresh(name)
        targets = ", ".join(names[name] for name in launch.diagram.output_names)
        writer.line(f"{targets} = {launcher_name(launch.diagram)}({', '.join(arguments)})")
