"""What the launchers of emitted code take at given sizes: a plan, and for each launch variant and configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagc.backends.launches import EntryKernels, Launch, Plan, Variant
from diagc.diagnostics import failure
from diagc.plan.config import Config
from diagc.plan.extent import held_axes

Chosen = tuple[tuple[Variant, Config], ...]
"""For each launch of a plan the variant and the configuration that the launcher takes."""


def fitting(plans: Iterable[Plan], sizes: Mapping[str, int]) -> Chosen | None:
    """The launches of the first plan whose kernels hold what they have to at these sizes."""
    for plan in plans:
        found = [taken(step, sizes) for step in plan.launches]
        fit = tuple(f for f in found if f is not None)
        if len(fit) == len(found):
            return fit
    return None


def taken(step: Launch, sizes: Mapping[str, int]) -> tuple[Variant, Config] | None:
    """The variant and the configuration that the launcher of a kernel takes; None where none holds enough."""
    for variant in step.variants:
        held = [axis.size.evaluate(sizes) for axis in held_axes(variant.kernel.extents)]
        widest = max(held, default=0)
        for config in variant.configs:
            if not config.max_resident or widest <= config.max_resident:
                return variant, config
    return None


def launched(made: EntryKernels, sizes: Mapping[str, int]) -> Chosen:
    """Every kernel that an entry launches at these sizes, for its results and for its derivative.

    Raises `DiagnosticError` E0602 where the size of an axis that a kernel holds is not given.
    """
    forward, backward = [d.forward for d in made.differentiated], [d.backward for d in made.differentiated]
    try:
        found = [fitting(plans, sizes) or () for plans in (made.plans, forward, backward)]
    except KeyError as missing:
        name = missing.args[0]
        raise failure(
            "E0602",
            f"`{made.name}` holds an axis whose size `{name}` is not given",
            help=f"add `--size {name}=64`",
        ) from None
    return tuple({v.kernel.name: (v, c) for chosen in found for v, c in chosen}.values())
