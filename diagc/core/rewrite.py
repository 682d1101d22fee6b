"""Rules as values. A `Rule` has a name, the law it is an instance of, and a partial function on nodes.

`rewrite` applies rules bottom-up until nothing changes; a rewrite that changes nothing returns the same objects.
Rule sets are tuples and add with `+`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from diagc.core.diagram import Node, rebuild, with_inputs
from diagc.source import Span

MAX_SWEEPS = 200
"""Sweeps over the diagram; every rule of the compiler lowers a measure, so this bound guards against a defect only."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`apply` returns the replacement, or None where the rule does not match."""

    name: str
    law: str
    apply: Callable[[Node], Node | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a rule."""

    rule: Rule
    before: Node
    after: Node


@dataclass(slots=True)
class Record:
    """What a rewriting leaves behind: the rules applied, and where the new nodes come from in the source."""

    steps: list[Step] = field(default_factory=list[Step])
    spans: dict[Node, Span] = field(default_factory=dict[Node, Span])
    names: dict[Node, str] = field(default_factory=dict[Node, str])

    def follow(self, before: Node, after: Node) -> Node:
        """`after` stands for what `before` stood for."""
        if before in self.spans:
            self.spans.setdefault(after, self.spans[before])
        if before in self.names:
            self.names.setdefault(after, self.names[before])
        return after


def rewrite(roots: tuple[Node, ...], rules: tuple[Rule, ...], record: Record) -> tuple[Node, ...]:
    """The roots with no rule left that applies."""

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made = record.follow(current, with_inputs(current, inputs))
        for rule in rules:
            replacement = rule.apply(made)
            if replacement is not None and replacement is not made:
                record.steps.append(Step(rule, made, replacement))
                return record.follow(made, replacement)
        return made

    for _ in range(MAX_SWEEPS):
        changed = rebuild(roots, change)
        if changed == roots:
            return roots
        roots = changed
    raise AssertionError("the rules do not terminate on this diagram")
