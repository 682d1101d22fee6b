"""The forms of what is launched: for each kernel the one that was asked for, where it can have it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from diagc.backends.gluon_form import configured, schedule
from diagc.backends.launches import EntryKernels, Form, Variant
from diagc.backends.triton_descriptors import copies
from diagc.kernel.ir import Dot, Kernel, Loop, Search, Statement, continues, count_uses, nested
from diagc.kernel.order import is_even
from diagc.plan.config import Config

SPECIALISED_WARPS: Final = 4
"""Warps of the specialised form: with 8 the compiler ignores it, and with one stage it fails (triton 3.6.0, sm_90)."""


def formed(made: EntryKernels, form: Form) -> EntryKernels:
    """An entry whose kernels have a form where they can; the others keep pointers."""
    return made if form == "pointers" else made.mapped(lambda variant: _formed(variant, form))


def _formed(variant: Variant, form: Form) -> Variant:
    if not copies(variant.kernel):
        return variant
    if form == "gluon":
        return _pipelined(variant) or replace(variant, form="descriptors")
    if form != "descriptors":
        kernel = _in_one_loop(variant.kernel)
        if form == "specialised" and _has_one_loop(kernel) and all(c.stages > 1 for c in variant.configs):
            return Variant(kernel, tuple(map(_specialised, variant.configs)), form)
        if form == "persistent" and _has_one_loop(kernel) and kernel.group_axes and is_even(kernel):
            return Variant(kernel, variant.configs, form)
    return replace(variant, form="descriptors")


def _pipelined(variant: Variant) -> Variant | None:
    kernel = replace(_in_one_loop(variant.kernel), name=f"{variant.kernel.name}_pipelined")
    found = schedule(kernel)
    configs = [configured(kernel, found, config) for config in variant.configs] if found is not None else []
    if not configs or None in configs:
        return None
    return Variant(kernel, tuple(c for c in configs if c is not None), "gluon", variant)


def _has_one_loop(kernel: Kernel) -> bool:
    """Whether a kernel has one loop and multiplies matrices in it."""
    loops = [s for s in kernel.statements() if isinstance(s, Loop | Search)]
    return len(loops) == 1 and isinstance(loops[0], Loop) and any(isinstance(s, Dot) for s in loops[0].body)


def _specialised(config: Config) -> Config:
    return replace(config, warps=SPECIALISED_WARPS)


def _in_one_loop(kernel: Kernel) -> Kernel:
    """The kernel with loops that go on along one axis as the last of them, where that has every mask."""
    body = list[Statement]()
    for statement in kernel.body:
        while isinstance(statement, Loop) and statement.phase == "partial":
            place = max((i for i, s in enumerate(body) if isinstance(s, Loop)), default=None)
            before = body[place] if place is not None else None
            if place is None or not isinstance(before, Loop) or not continues(before, statement):
                break
            read = count_uses(nested(tuple(body[place + 1 :])))
            if any(carried.result in read for carried in before.carried):
                break
            starts = {carried.result: carried.start for carried in before.carried}
            carried = tuple(replace(c, start=starts[c.start]) for c in statement.carried)
            statement = replace(statement, start=before.start, carried=carried)
            del body[place]
        body.append(statement)
    return replace(kernel, body=tuple(body))
