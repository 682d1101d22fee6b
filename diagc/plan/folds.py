"""Fold algebras as formulas: unit, lift, merge and how each number of a state follows the earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from diagc.core import ops
from diagc.core.diagram import Node
from diagc.core.fold import Component, FoldAlgebra, Rescale, Selection, Term
from diagc.core.formula import formula
from diagc.plan.structure import Structure

LEFT: Final = "the head of the list of the best once the places that earlier rounds took are struck off"
"""The law of a selection."""

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


@dataclass(frozen=True, slots=True)
class Centre:
    """An expression about which moments are taken; `held` stands for it until the last chunk, None where it does."""

    name: str
    formula: str
    held: str | None


def fold_states(algebra: FoldAlgebra, names: dict[Node, str]) -> Iterator[State]:
    """The components of an algebra, earlier ones first."""
    names = names | _centre_names(algebra)
    for component in algebra.components:
        name, unit = names[component.reduction], ops.UNITS[component.monoid]
        sides = [_follow(component, names, side, "") for side in ("a", "b")]
        join = _JOINS.get(component.monoid, f"{component.monoid}({{}}, {{}})")
        special = component.reset or component.selection
        follows = component.terms or special or not component.rescale.is_identity
        consumed = " ".join(axis.name for axis in _consumed(component))
        lift = f"{component.monoid}[{consumed}]({formula(component.element, names)})"
        changed = _follow(component, names, "old", "new") if follows else None
        if component.selection is not None:
            changed = f"{changed}, {LEFT}"
        yield State(name, component.monoid, f"{unit:g}", lift, join.format(*sides), changed)


def fold_centres(algebra: FoldAlgebra, names: dict[Node, str]) -> Iterator[Centre]:
    """The centres of an algebra that are not numbers of its state."""
    moved = algebra.moved_centres
    for atom, name in _centre_names(algebra).items():
        yield Centre(name, formula(atom, names), formula(moved[atom], names) if moved[atom] != atom else None)


def _centre_names(algebra: FoldAlgebra) -> dict[Node, str]:
    return {atom: f"c{place}" for place, atom in enumerate(algebra.moved_centres, 1)}


def _consumed(component: Component) -> tuple[ops.Axis, ...]:
    assert isinstance(component.reduction.op, ops.Reduce)
    return component.reduction.op.axes


def _follow(component: Component, names: dict[Node, str], old: str, new: str) -> str:
    """A running value after the earlier numbers went from `old` to `new`."""
    own = names[component.reduction]
    # A rule of change is written about the bare name, a merge about the name with its side.
    value = own if old == "old" else f"{own}_{old}"
    if component.reset is not None:
        before, after = (_at(component.reset.reference, names, when) for when in (old, new))
        return f"where({before} == {after}, {value}, {formula(component.reset.fill, names)})"
    if component.selection is not None:
        return _head(component.selection, names, old, new)
    moved = [_moved(term, names, old, new) for term in component.terms]
    total = _added([value, *moved])
    if moved and not component.rescale.is_identity:
        total = f"({total})"
    return _rescaled(component.rescale, total, names, old, new)


def _head(selection: Selection, names: dict[Node, str], old: str, new: str) -> str:
    """What is left of the list of a state: its first element at a place that no earlier round has taken."""
    *listed, last = (_at(value, names, old) for value in selection.values)
    entries = [*zip(listed, (_at(place, names, old) for place in selection.places), strict=False)]
    shown = ", ".join([*(f"{value} at {place}" for value, place in entries), last])
    taken = ", ".join(_at(place, names, new) for place in selection.taken)
    if selection.fill is None:
        return f"first({shown}; not at {taken})"
    shown = f"{shown} at {_at(selection.places[-1], names, old)}"
    best = _at(selection.values[-1], names, new)
    return f"place(first({shown}; not at {taken}) == {best}, else {formula(selection.fill, names)})"


def _moved(term: Term, names: dict[Node, str], old: str, new: str) -> str:
    """One term of a Taylor polynomial: coefficient · Π (u' − u)^power · source."""
    factors: list[str] = []
    for centre, power in term.powers:
        change = f"({_at(centre, names, new)} - {_at(centre, names, old)})"
        factors.append(change if power == 1 else f"{change} ^ {power}")
    source = _at(term.source, names, old)
    if source != "1":
        factors.append(_operand(source))
    if term.coefficient != 1.0:
        factors.insert(0, f"{term.coefficient:g}")
    return " * ".join(factors)


def _operand(text: str) -> str:
    """A text that stands beside a sign; names and calls need no brackets."""
    return f"({text})" if " " in text else text


def _added(terms: list[str]) -> str:
    """Terms with their signs."""
    total = terms[0]
    for term in terms[1:]:
        total += f" - {term.removeprefix('-')}" if term.startswith("-") else f" + {term}"
    return total.replace(" - 1 * ", " - ")


def _rescaled(rescale: Rescale, value: str, names: dict[Node, str], old: str, new: str) -> str:
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
