"""A derivation as data: from the written diagram to the loops of its kernel, every step with its law.

Formulas are text (`core/formula.py`), so that each style of page shows the same; nothing here knows a style.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from diagc.core import ops
from diagc.core.comparisons import Comparison
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.formula import formula
from diagc.core.guards import masks_of
from diagc.core.requirements import Combined, Extreme, Requirement
from diagc.core.rewrite import Record, Step
from diagc.plan.folds import Centre, State, fold_centres, fold_states, state_names
from diagc.plan.structure import Pass, Structure


@dataclass(frozen=True, slots=True)
class Definition:
    """A name and its formula."""

    name: str
    formula: str


@dataclass(frozen=True, slots=True)
class Law:
    """One application of a law; `place` is `file:line` where the source is known."""

    number: int
    rule: str
    law: str
    place: str | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A pass: what it streams, the state it carries, why it is a pass of its own, and which tiles it visits.

    `centres` are the expressions about which its moments are taken.
    """

    axes: tuple[str, ...]
    states: tuple[State, ...]
    reason: str | None
    bounds: tuple[str, ...]
    centres: tuple[Centre, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """The steps of one entry. Without one kernel for all, `refusal` says why; `notes` are what a law did not allow.

    `kernels` are those that are emitted, where they are several.
    """

    name: str
    signature: str
    written: tuple[Definition, ...]
    laws: tuple[Law, ...]
    normal: tuple[Definition, ...]
    hardware: tuple[Law, ...]
    covers: tuple[tuple[str, str], ...]
    loops: tuple[Loop, ...]
    second: str | None
    finish: tuple[Definition, ...]
    notes: tuple[str, ...]
    refusal: str | None = None
    kernels: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def derivation(
    written: Diagram, normal: Diagram, record: Record, found: Structure | None, hardware: Sequence[Step] = (),
    refusal: str | None = None,
) -> Derivation:  # fmt: skip
    """The derivation of an entry; the laws of `hardware` came after the structure was found."""
    names = dict(record.names)
    first = len(record.steps) - len(hardware)
    laws = tuple(applications(record.steps, record))
    return Derivation(
        written.name, ", ".join(map(str, written.layouts)), tuple(definitions(written, names)), laws[:first],
        tuple(definitions(normal, names)), laws[first:],
        tuple((axis.name, extent.kind) for axis, extent in found.extents.items()) if found else (),
        tuple(_loops(found)) if found else (), _second(found) if found else None,
        tuple(_finish(found)) if found else (), tuple(_notes(normal)), refusal,
    )  # fmt: skip


def definitions(diagram: Diagram, names: Mapping[Node, str]) -> Iterator[Definition]:
    """What has a name in a diagram, and its results, each with its formula."""
    for current in walk(diagram.outputs):
        if current in names and not isinstance(current.op, ops.Input):
            yield Definition(names[current], formula(current, names))
    for name, output in zip(diagram.output_names, diagram.outputs, strict=True):
        yield Definition(name, formula(output, names))


def applications(steps: Sequence[Step], record: Record) -> Iterator[Law]:
    """The applications of laws in their order, counted from one."""
    for number, step in enumerate(steps, 1):
        span = record.spans.get(step.before)
        place = f"{PurePath(span.source.name).name}:{span.line}" if span else None
        before, after = (formula(n, record.names) for n in (step.before, step.after))
        yield Law(number, step.rule.name, step.rule.law, place, before, after)


# ---- the loops


def _loops(found: Structure) -> Iterator[Loop]:
    names = state_names(found)
    for step in found.passes:
        axes = tuple(axis.name for axis in step.axes)
        states, centres = fold_states(step.algebra, names), fold_centres(step.algebra, names)
        yield Loop(axes, tuple(states), step.reason, tuple(_bounds(step, names)), tuple(centres))


def _bounds(step: Pass, names: dict[Node, str]) -> Iterator[str]:
    """What masks say about the tiles of a loop."""
    axis = step.axes[-1]
    for mask in masks_of(tuple(c.reduction for c in step.algebra.components), axis):
        edges = [_edge(axis.name, c, names) for _, found in mask.comparisons for c in found]
        if edges:
            yield f"only tiles with {' and '.join(edges)} for some of their indices are visited"
            yield "tiles where that holds for all of their indices are visited without the mask"
        for rest in mask.rest:
            yield f"{formula(rest, names)} is decided at each index"
    if step.search is not None:
        yield f"before the loop, the first and last {axis.name} with {_required(step.search, names)} are looked for"


def _required(found: Requirement, names: dict[Node, str]) -> str:
    if isinstance(found, Extreme):
        text = formula(found.node, names)
        return text if found.end == "each" else f"{found.end}({text})"
    texts = [_required(o, names) for o in found.operands]
    if found.function in ("and", "or"):
        inner = [isinstance(o, Combined) and o.function in ("and", "or") for o in found.operands]
        texts = [f"({text})" if nested else text for text, nested in zip(texts, inner, strict=True)]
    return f" {_SIGNS.get(found.function, found.function)} ".join(texts)


_SIGNS = {"le": "≤", "lt": "<", "ge": "≥", "gt": ">", "ne": "≠"}


def _edge(axis: str, comparison: Comparison, names: dict[Node, str]) -> str:
    parts = [a.name if c == 1 else f"{c}·{a.name}" for a, c in comparison.terms]
    parts += [formula(v, names) if c == 1 else f"{c}·({formula(v, names)})" for v, c in comparison.values]
    offset = str(comparison.offset)
    if offset != "0" or not parts:
        parts.append(offset)
    return f"{axis} {'≤' if comparison.upper else '≥'} {' + '.join(parts)}".replace("+ -", "− ")


def _second(found: Structure) -> str | None:
    """Why results that carry a streamed axis need one more pass."""
    axis = found.stored_axis
    if axis is None:
        return None
    carried = (
        f"the result carries `{axis.name}`, so the state of a fold over `{axis.name}` cannot be the result"
    )
    if not found.passes:
        return f"{carried}: it is computed tile by tile"
    return f"{carried}: its elements need the finished state, and `{axis.name}` is streamed once more to store them"


def _finish(found: Structure) -> Iterator[Definition]:
    names = state_names(found)
    for name, output in zip(found.diagram.output_names, found.diagram.outputs, strict=True):
        yield Definition(name, names.get(output) or formula(output, names))


def _notes(normal: Diagram) -> Iterator[str]:
    """Laws that would have been wrong here: a re-indexing that reads an element twice must read one draw."""
    for current in walk(normal.outputs):
        if isinstance(current.op, ops.View) and isinstance(current.inputs[0].op, ops.Random):
            axes = ", ".join(f"{a.name} -> {c}" for a, c in current.op.coordinates)
            yield (
                f"[{axes}] stays after the random numbers that it reads: drawing at the new indices instead would "
                "draw an element again each time it is read"
            )
