"""Rules as values. A `Rule` has a name, the law it is an instance of, and a partial function on nodes.

`rewrite` applies rules bottom-up until nothing changes; a rewrite that changes nothing returns the same objects.
Rule sets are tuples and add with `+`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagc.core.diagram import Node, rebuild, with_inputs

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


def rewrite(
    roots: tuple[Node, ...], rules: tuple[Rule, ...], trace: list[Step] | None = None
) -> tuple[Node, ...]:
    """The roots with no rule left that applies; applications are appended to `trace`."""

    def change(current: Node, inputs: tuple[Node, ...]) -> Node:
        made = with_inputs(current, inputs)
        for rule in rules:
            replacement = rule.apply(made)
            if replacement is not None and replacement is not made:
                if trace is not None:
                    trace.append(Step(rule, made, replacement))
                return replacement
        return made

    for _ in range(MAX_SWEEPS):
        changed = rebuild(roots, change)
        if changed == roots:
            return roots
        roots = changed
    raise AssertionError("the rules do not terminate on this diagram")
