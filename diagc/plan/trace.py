"""The passes of an entry as data: what each did, under which laws, and what is true of the diagram before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from diagc.core.diagram import Node, walk
from diagc.core.rewrite import Record
from diagc.passes.stages import WORDS, Stage
from diagc.plan.derivation import Definition, Law, applications, definitions
from diagc.plan.report import count, definition_lines, law_lines

Facts = Sequence[tuple[str, str]]
"""What is true of a diagram: names and values."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One pass. `changed` are the definitions that were not there before; an idle pass has none and no laws."""

    name: str
    words: str
    laws: tuple[Law, ...]
    changed: tuple[Definition, ...]
    facts: tuple[tuple[str, str, str], ...]
    """Name, value before, value after."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The passes of an entry, and a line for each kernel that comes out."""

    name: str
    signature: str
    written: tuple[Definition, ...]
    passes: tuple[Passed, ...]
    kernels: tuple[str, ...]


def passed(stages: Iterable[tuple[Stage, Facts, Facts]], record: Record) -> Iterator[Passed]:
    """The stages as text, with the facts before and after each; laws are counted through."""
    number = 1
    for stage, before, after in stages:
        laws = tuple(
            replace(law, number=number + k) for k, law in enumerate(applications(stage.steps, record))
        )
        number += len(laws)
        known = set(definitions(stage.before, record.names))
        changed = tuple(d for d in definitions(stage.after, record.names) if d not in known)
        values = dict(after)
        facts = [("nodes", str(_nodes(stage.before.outputs)), str(_nodes(stage.after.outputs)))]
        facts += [(name, value, values[name]) for name, value in before if name in values]
        yield Passed(stage.name, WORDS[stage.name], laws, changed, tuple(facts))


def _nodes(roots: tuple[Node, ...]) -> int:
    return sum(1 for _ in walk(roots))


def is_idle(found: Passed) -> bool:
    """Whether nothing but the order of operands can have changed."""
    return not found.laws and not found.changed


def text(found: Trace) -> str:
    """The passes of an entry as lines for a terminal."""
    lines = [f"{found.name}: {found.signature}", "", "as written", *definition_lines(found.written), ""]
    for number, each in enumerate(found.passes, 1):
        lines.append(f"pass {number}, {each.name}: {each.words}")
        if is_idle(each):
            lines += ["  nothing to do", ""]
            continue
        lines += [f"  {count(each.laws)}", *law_lines(each.laws)] if each.laws else []
        lines += [f"  {name}: {before} → {after}" for name, before, after in each.facts if before != after]
        lines += [*definition_lines(each.changed), ""]
    if found.kernels:
        lines += [f"{len(found.kernels)} kernel{'s' * (len(found.kernels) > 1)}"]
        lines += [f"  {number}. {line}" for number, line in enumerate(found.kernels, 1)]
    return "\n".join(lines).rstrip() + "\n"


def law_counts(laws: Sequence[Law]) -> Mapping[str, int]:
    """How often each law was applied."""
    return {law.law: sum(other.law == law.law for other in laws) for law in laws}
