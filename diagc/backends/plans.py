"""From a checked entry to its kernels: the one way through passes, plan and lowering that every command takes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from diagc.backends.differentiate import Derivative, derivative, is_differentiable, planned
from diagc.backends.launches import Differentiated, EntryKernels, Launch, Parted, Plan, Variant
from diagc.check.entry import Entry
from diagc.check.schedules import Schedule
from diagc.core.diagram import Diagram, Node
from diagc.core.rewrite import Record
from diagc.diagnostics import DiagnosticError
from diagc.kernel.lower import lower
from diagc.passes.choices import Choices
from diagc.passes.normalise import RULES, Normalise
from diagc.passes.reassociate import RULE as REASSOCIATE, Reassociate
from diagc.passes.split import NotSplit, split
from diagc.plan.choices import scheduled
from diagc.plan.config import MAX_RESIDENT_DOT, configurations, has_dot, row_configurations
from diagc.plan.extent import held_axes
from diagc.plan.partition import Held, Stage, partition
from diagc.plan.parts import PART, parted_axes
from diagc.plan.spilling import without_spills
from diagc.plan.structure import structure


def normal_form(
    entry: Entry, sizes: Mapping[str, int] | None = None, without: Container[str] = ()
) -> tuple[Diagram, Record]:
    """The normal form of an entry with its contractions in the order that is the least work at `sizes`.

    The record holds the laws used and where nodes come from. Rules whose names are in `without` are not used.
    """
    record = Record(spans=dict(entry.spans), names=dict(entry.names))
    normalise = Normalise(tuple(rule for rule in RULES if rule.name not in without))
    made = normalise.run(entry.diagram, record)
    if REASSOCIATE.name in without:
        return made, record
    return Reassociate(sizes or {}, normalise).run(made, record), record


def chosen_form(entry: Entry, sizes: Mapping[str, int] | None = None) -> tuple[Diagram, Record]:
    """The normal form with joins and selections as choices by index, and its record: what a kernel is planned from."""
    normal, record = normal_form(entry, sizes)
    return Choices().run(normal, record), record


def kernels(
    entry: Entry,
    sizes: Mapping[str, int] | None = None,
    gradients: bool = True,
    without: Container[str] = (),
) -> EntryKernels:
    """The kernels of an entry: one if it can be, and where that limits sizes the several that do not.

    `sizes` are values of size symbols for which they should be fast; they are right for all. With `gradients` there are
    kernels of the derivative as well, where it has any; `without` as in `normal_form`. Raises `DiagnosticError` E0702
    where no kernel can be made.
    """
    normal, record = normal_form(entry, sizes, without)
    diagram, name = planned(normal, record), entry.diagram.name
    stages = partition(diagram, record)
    plans = [_plan(stages, record, entry.schedules, diagram.output_names[0])]
    if _is_limited(plans[0]):
        longer = partition(replace(diagram, name=f"{name}_long"), record, "long")
        if _results(longer) != _results(stages):
            plans.append(_plan(longer, record))
    wanted = gradients and is_differentiable(normal)
    made = tuple(_differentiated(normal, record)) if wanted else ()
    return EntryKernels(name, entry.diagram, tuple(plans), made, _parted(stages, record))


def _parted(stages: tuple[Stage, ...], record: Record) -> tuple[Parted, ...]:
    """A plan for each axis that the one kernel of an entry may share out in parts."""
    found: list[Parted] = []
    axes = parted_axes(stages[0].structure) if len(stages) == 1 else ()
    for axis in axes:
        step = stages[0].structure.passes[0]
        try:
            made = split(stages[0].diagram, step.algebra, axis, record)
        except NotSplit:
            continue
        launches = [
            launch
            for diagram in (made.states, made.joined)
            for launch in _plan(partition(planned(diagram, record), record), record).launches
        ]
        unit = PART if axis == step.axes[-1] else 1
        found.append(Parted(Plan(tuple(launches)), axis, str(made.part.size), str(made.inner.size), unit))
    return tuple(found)


def _is_limited(plan: Plan) -> bool:
    """Whether an axis whose size is not known must not be too long for a plan."""
    held = (axis for v in plan.limited if _is_short(v) for axis in held_axes(v.kernel.extents))
    return any(axis.size.value is None for axis in held)


def _is_short(variant: Variant) -> bool:
    """Whether a kernel holds no more than what fits beside a contraction."""
    return variant.configs[-1].max_resident <= MAX_RESIDENT_DOT


def _results(stages: Iterable[Stage]) -> list[tuple[Node, ...]]:
    """What the kernels of a plan compute: two plans that do the same have the same limits."""
    return [stage.diagram.outputs for stage in stages]


def _differentiated(normal: Diagram, record: Record) -> Iterable[Differentiated]:
    """The derivative, and where what it holds limits sizes, the one that holds less."""
    found = _derivative(normal, record, "short")
    if found is None:
        return
    made = _plans(found, normal.name, record)
    yield made
    if any(map(_is_limited, (made.forward, made.backward))):
        name = f"{normal.name}_long"
        longer = _derivative(replace(normal, name=name), record, "long")
        if longer is not None and _results(longer.stages) != _results(found.stages):
            yield _plans(longer, name, record)


def _derivative(normal: Diagram, record: Record, held: Held) -> Derivative | None:
    """The derivative; None where a leaf of it fits into no kernel."""
    try:
        return derivative(normal, record, held)
    except DiagnosticError as error:
        if any(d.code != "E0702" for d in error.diagnostics):
            raise
        return None


def _plans(found: Derivative, name: str, record: Record) -> Differentiated:
    forward, backward = _plan(found.forward, record), _plan(found.backward, record)
    return Differentiated(name, forward, backward, found.saved, found.cotangents, found.gradients)


def _plan(
    stages: tuple[Stage, ...], record: Record, schedules: Sequence[Schedule] = (), scheduled_result: str = ""
) -> Plan:
    """The launches of stages; the schedules of an entry are for the one that writes its first result."""
    return Plan(tuple(
        Launch(s.diagram, _variants(s, record, schedules if scheduled_result in s.diagram.output_names else ()))
        for s in stages
    ))  # fmt: skip


def _variants(stage: Stage, record: Record, schedules: Sequence[Schedule]) -> tuple[Variant, ...]:
    """The kernel for any length, and before it the one for rows that fit on chip."""
    streamed, name = stage.structure, stage.diagram.name
    chosen = scheduled(streamed, without_spills(streamed, configurations(streamed)), schedules)
    variants = [Variant(lower(streamed, name, record), chosen)]
    if streamed.streamed and streamed.ordered is None and not has_dot(streamed):
        held = structure(stage.diagram, resident_rows=True)
        if rows := row_configurations(held):
            kept = scheduled(held, without_spills(held, rows), schedules)
            variants.insert(0, Variant(lower(held, f"{name}_rows", record), kept))
    return tuple(variants)
