"""The derivation of a kernel as text: the laws that were used, then each pass with the state of its fold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from diagc.core import ops
from diagc.core.diagram import Diagram, Node, walk
from diagc.core.fold import Component, Rescale
from diagc.core.formula import formula
from diagc.core.rewrite import Record
from diagc.plan.structure import Structure


def derivation(written: Diagram, normal: Diagram, record: Record, structure: Structure) -> str:
    """The steps from a written diagram to the structure of its kernel."""
    lines = [f"{written.name}: {', '.join(map(str, written.layouts))}", ""]
    lines += ["as written", *_results(written, record), ""]
    lines += [f"{len(record.steps)} applications of laws", *_steps(record), ""]
    lines += ["normal form", *_results(normal, record), ""]
    lines += _passes(structure)
    return "\n".join(lines) + "\n"


def _results(diagram: Diagram, record: Record) -> Iterator[str]:
    names = dict(record.names)
    for current in walk(diagram.outputs):
        if current in names and not isinstance(current.op, ops.Input):
            yield f"  {names[current]} = {formula(current, names)}"
    for name, output in zip(diagram.output_names, diagram.outputs, strict=True):
        yield f"  {name} = {formula(output, names)}"


def _steps(record: Record) -> Iterator[str]:
    for number, step in enumerate(record.steps, 1):
        span = record.spans.get(step.before)
        place = f"  [{PurePath(span.source.name).name}:{span.line}]" if span else ""
        yield f"  {number}. {step.rule.law}{place}"
        yield f"       {formula(step.before, record.names)}"
        yield f"     = {formula(step.after, record.names)}"


def _passes(structure: Structure) -> Iterator[str]:
    covered = ", ".join(f"{axis} {extent.kind}" for axis, extent in structure.extents.items())
    yield f"kernel: axes {covered}"
    for number, step in enumerate(structure.passes, 1):
        names = _state_names([c.reduction for c in step.algebra.components], number)
        yield f"pass {number} streams {' '.join(map(str, step.axes))}, state ({', '.join(names.values())})"
        if step.reason:
            yield f"  a pass of its own: {step.reason}"
        for component in step.algebra.components:
            yield from _component(component, names)
    if structure.stored_axis is not None:
        yield f"last pass streams {structure.stored_axis} and stores the result"
    names = _all_names(structure)
    for name, output in zip(structure.diagram.output_names, structure.diagram.outputs, strict=True):
        yield f"finish: {name} = {formula(output, names)}"


def _all_names(structure: Structure) -> dict[Node, str]:
    found: dict[Node, str] = {}
    for number, step in enumerate(structure.passes, 1):
        found |= _state_names([c.reduction for c in step.algebra.components], number)
    return found


def _state_names(reductions: list[Node], number: int) -> dict[Node, str]:
    first = sum(1 for _ in reductions) * (number - 1)
    return {reduction: f"r{first + place}" for place, reduction in enumerate(reductions, 1)}


def _component(component: Component, names: dict[Node, str]) -> Iterator[str]:
    name = names[component.reduction]
    yield f"  {name} = {component.monoid} of {formula(component.element, names)}"
    if not component.rescale.is_identity:
        yield f"     when the earlier states change, {name} becomes {_factor(component.rescale, name, names)}"


def _factor(rescale: Rescale, name: str, names: dict[Node, str]) -> str:
    parts: list[str] = []
    for base, sign, term in rescale.exponents:
        old, new = formula_of(term, names, "old"), formula_of(term, names, "new")
        parts.append(f"{base}({new} - {old})" if sign == 1 else f"{base}({old} - {new})")
    for factor, power in rescale.factors:
        old, new = formula_of(factor, names, "old"), formula_of(factor, names, "new")
        parts.append(f"({new} / {old})" if power == 1 else f"({old} / {new})")
    scaled = " * ".join([name, *parts])
    for sign, term in rescale.shifts:
        old, new = formula_of(term, names, "old"), formula_of(term, names, "new")
        scaled += f" + {new} - {old}" if sign == 1 else f" + {old} - {new}"
    return scaled


def formula_of(term: Node, names: dict[Node, str], when: str) -> str:
    """A term at the old or new state."""
    marked = {node: f"{name}_{when}" for node, name in names.items()}
    return marked[term] if term in marked else formula(term, marked)
