"""What the launchers of emitted code take at given sizes: a plan, and for each launch variant and configuration."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace

from diagc.backends.launches import EntryKernels, Launch, Plan, Variant, resident_axes
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
        widest = _widest(variant, sizes)
        for config in variant.configs:
            if not config.max_resident or widest <= config.max_resident:
                return variant, config
    return None


def _widest(variant: Variant, sizes: Mapping[str, int]) -> int:
    """What `Variant.widest` says, at these sizes."""
    axes = held_axes(variant.kernel.extents)
    held = [axis.size.evaluate(sizes) for axis in axes if axis.size.value != 0]
    blocks = [max(16, 1 << max(size - 1, 0).bit_length()) for size in held]
    return max(blocks, default=0) if variant.multiplies else math.prod(blocks)


def is_held_known(variant: Variant, sizes: Mapping[str, int]) -> bool:
    """Whether the sizes say how long each axis is that a kernel holds."""
    return all(set(axis.size.symbols) <= sizes.keys() for axis in resident_axes(variant.kernel))


def launched(made: EntryKernels, sizes: Mapping[str, int]) -> Chosen:
    """Every kernel that an entry launches at these sizes, for its results and for its derivative.

    Raises `DiagnosticError` E0602 where the size of an axis that a kernel holds is not given.
    """
    forward, backward = [d.forward for d in made.differentiated], [d.backward for d in made.differentiated]
    with _named_sizes(made):
        found = [fitting(plans, sizes) or () for plans in (made.plans, forward, backward)]
    return tuple({v.kernel.name: (v, c) for chosen in found for v, c in chosen}.values())


def fixed(made: EntryKernels, sizes: Mapping[str, int]) -> EntryKernels:
    """What of the kernels of an entry is worth compiling for these sizes: plans and variants in one configuration each.

    The result takes every size of the axes that no kernel holds. A launch keeps the variants that hold axes of the
    given sizes, and the one that holds none. There is no plan where none fits. Raises as `launched` does.
    """
    with _named_sizes(made):
        plans = [found for plan in made.plans if (found := _fixed(plan, sizes)) is not None][:1]
        moving = [
            replace(one, forward=forward, backward=backward)
            for one in made.differentiated
            if (forward := _fixed(one.forward, sizes)) and (backward := _fixed(one.backward, sizes))
        ][:1]
    known = [p for p in made.parted if all(is_held_known(v, sizes) for v in p.plan.limited)]
    parted = [replace(p, plan=found) for p in known if (found := _fixed(p.plan, sizes)) is not None]
    return replace(
        made, plans=tuple(plans), differentiated=tuple(moving), parted=tuple(parted if plans else ())
    )


def _fixed(plan: Plan, sizes: Mapping[str, int]) -> Plan | None:
    launches: list[Launch] = []
    for step in plan.launches:
        known = [v for v in step.variants[:-1] if is_held_known(v, sizes)]
        every = [taken(replace(step, variants=(v,)), sizes) for v in (*known, step.variants[-1])]
        if every[-1] is None:
            return None
        found = [replace(v, configs=(c,)) for v, c in filter(None, every)]
        launches.append(replace(step, variants=tuple(found)))
    return Plan(tuple(launches))


@contextmanager
def _named_sizes(made: EntryKernels) -> Generator[None, None, None]:
    """A size that is missing becomes a diagnostic."""
    try:
        yield
    except KeyError as missing:
        name = missing.args[0]
        raise failure(
            "E0602",
            f"`{made.name}` holds an axis whose size `{name}` is not given",
            help=f"add `--size {name}=64`",
        ) from None
