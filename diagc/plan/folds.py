"""Fold algebras as formulas: unit, lift, merge and rescaling of each number of a state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from diagc.core import ops
from diagc.core.diagram import Node
from diagc.core.fold import Component, FoldAlgebra, Rescale
from diagc.core.formula import formula
from diagc.plan.structure import Structure

_JOINS = {"sum": "{} + {}", "prod": "{} * {}", "any": "{} or {}", "all": "{} and {}"}


@dataclass(frozen=True, slots=True)
class State:
    """One number of the state of a pass: what a chunk gives, and how the values of two chunks become one.

    `rescale` is what the running value becomes when the earlier numbers change, None where it does not depend on them.
    """

    name: str
    monoid: str
    unit: str
    lift: str
    merge: str
    rescale: str | None


def state_names(structure: Structure) -> dict[Node, str]:
    """The reductions that passes carry, as r1, r2, … in the order in which they are known."""
    reductions = [c.reduction for step in structure.passes for c in step.algebra.components]
    return {reduction: f"r{place}" for place, reduction in enumerate(reductions, 1)}


def fold_states(algebra: FoldAlgebra, names: dict[Node, str]) -> Iterator[State]:
    """The components of an algebra, earlier ones first."""
    for component in algebra.components:
        name, unit = names[component.reduction], ops.UNITS[component.monoid]
        sides = [_follow(component.rescale, f"{name}_{side}", names, side, "") for side in ("a", "b")]
        join = _JOINS.get(component.monoid, f"{component.monoid}({{}}, {{}})")
        changed = None
        if not component.rescale.is_identity:
            changed = _follow(component.rescale, name, names, "old", "new")
        consumed = " ".join(axis.name for axis in _consumed(component))
        lift = f"{component.monoid}[{consumed}]({formula(component.element, names)})"
        yield State(name, component.monoid, f"{unit:g}", lift, join.format(*sides), changed)


def _consumed(component: Component) -> tuple[ops.Axis, ...]:
    assert isinstance(component.reduction.op, ops.Reduce)
    return component.reduction.op.axes


def _follow(rescale: Rescale, value: str, names: dict[Node, str], old: str, new: str) -> str:
    """A running value after the earlier numbers went from `old` to `new`."""
    parts: list[str] = []
    for base, sign, term in rescale.exponents:
        before, after = _at(term, names, old), _at(term, names, new)
        parts.append(f"{base}({after} - {before})" if sign == 1 else f"{base}({before} - {after})")
    for factor, power in rescale.factors:
        before, after = _at(factor, names, old), _at(factor, names, new)
        parts.append(f"({after} / {before})" if power == 1 else f"({before} / {after})")
    scaled = " * ".join([value, *parts])
    for sign, term in rescale.shifts:
        before, after = _at(term, names, old), _at(term, names, new)
        scaled += f" + {after} - {before}" if sign == 1 else f" + {before} - {after}"
    return scaled


def _at(term: Node, names: dict[Node, str], when: str) -> str:
    """A term at the state called `when`; the joint state has no mark."""
    marked = {node: f"{name}_{when}" if when else name for node, name in names.items()}
    return marked[term] if term in marked else formula(term, marked)
