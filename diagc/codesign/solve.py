"""Solving design problems: the least antichain of resources that provides a functionality.

Components are taken one after the other. A table of points holds what is known so far; each component multiplies it by
its implementations, and points are dropped that others are below in everything that is still read: parts of the terms
to come. A resource that is read before it is known closes a loop. It is assumed to be 0 first and raised to what comes
out, together with the resources of the design, until nothing rises: Kleene's ascent to the least fixed point in the
antichains of a product of orders. Each step is a lower bound on the solution (Censi, arXiv 1512.08055, section VII).
What is not known exactly gives two relations, one below and one above the true one (1609.03103): `end` chooses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from diagc.codesign.antichain import Places, Points, dominated, minimal
from diagc.codesign.arrays import Floats, parts_of, settled, value
from diagc.core.design import Bound, Component, Design, Order, Term, Variable, variables
from diagc.core.terms import Value
from diagc.diagnostics import Label, failure

MAX_STEPS: Final = 2000
"""Steps of an ascent: a loop that gains 1 % in each settles to ten digits within them."""

MAX_CELLS: Final = 4_000_000
"""Points times implementations that are looked at at once: 32 MB for each resource."""

_LARGE: Final = 1e15
"""A resource that has grown so far is taken to grow without bound."""

_SAME: Final = 1e-10
"""Relative difference below which a resource has settled."""

End = Literal[0, 1]


@dataclass(frozen=True, slots=True)
class Solution:
    """The least resources [n k], and of each point the implementation of every component [n c].

    Where there is none, `reason` says why. `steps` is the length of the ascent, 1 without loops.
    """

    points: Points
    chosen: NDArray[np.int64]
    steps: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Table:
    """Points: values of variables by name, and implementations by place of the component."""

    values: Mapping[str, Floats]
    chosen: Mapping[int, NDArray[np.int64]]
    count: int

    def take(self, places: Places) -> _Table:
        """Some of the points."""
        values = {name: found[places] for name, found in self.values.items()}
        return _Table(values, {n: c[places] for n, c in self.chosen.items()}, len(places))


def solve(design: Design, need: Mapping[str, float], end: End = 0) -> Solution:
    """The least antichain of resources of a design that provides `need`.

    Raises `DiagnosticError` E1505 where an order that is no chain would have to be joined along a loop.
    """
    return _Solver(design, need, end).solve()


def resource_points(design: Design, found: Points) -> Points:
    """Resources as coordinates in which the order is that of numbers, to the digits to which an ascent settles."""
    columns = [c for k, port in enumerate(design.requires) for c in _coordinates(found[:, k], port.order)]
    return _to_digits(np.stack(columns, axis=1)) if columns else np.zeros((len(found), 0))


def _to_digits(values: Points) -> Points:
    """Values to seven digits: what differs by less is one point that was reached in two ways."""
    with np.errstate(divide="ignore"):
        step = 10.0 ** (np.floor(np.log10(np.where(values > 0, values, 1.0))) - 6)
    return np.where(np.isfinite(values), np.round(values / step) * step, values)


def _coordinates(values: Floats, order: Order) -> list[Floats]:
    """Numbers whose order by coordinates is that of values; a finite order has one for each element."""
    if not order.is_finite or order.is_chain:
        return [values]
    below = np.asarray(order.below, dtype=float)
    return [below[place][values.astype(int)] for place in range(len(order.elements))]


class _Solver:
    def __init__(self, design: Design, need: Mapping[str, float], end: End) -> None:
        self.design, self.need, self.end = design, need, end
        self.ports = design.ports
        self.demands = {bound.port: bound for bound in design.demands}
        self.order, self.loops = _sequence(design, self.demands)
        for name in self.loops:
            if self.ports[name].order.is_finite and not self.ports[name].order.is_chain:
                raise failure("E1505", f"`{name}` is in a loop, and `{self.ports[name].order.name}` is no chain",
                              Label(self.ports[name].span), help="give an order in which any two compare")  # fmt: skip
        self.results = [next(b for b in design.results if b.port == port.name) for port in design.requires]
        self.failed: dict[str, int] = {}
        self.grows = False

    def solve(self) -> Solution:
        width = len(self.design.requires)
        start: dict[str, Floats] = {f"{name}?": np.zeros(1) for name in self.loops}
        outputs = np.zeros((1, width))
        found: list[tuple[Points, NDArray[np.int64]]] = []
        for step in count(1):
            table, outputs = self._pass(start, outputs)
            done = self._closed(table)
            found.append(self._least(outputs[done], _chosen(self.design, table.take(done))))
            kept = _merged(found, self.design)
            rest = np.setdiff1d(np.arange(table.count), done)
            start, outputs = self._raised(table.take(rest), outputs[rest], kept[0])
            found = [kept]
            if not len(outputs) or step == MAX_STEPS:
                points, chosen = found[0]
                return Solution(points, chosen, step, "" if len(points) else self._reason(len(outputs) > 0))
        raise AssertionError

    # ---- one pass over the components

    def _pass(self, assumed: Mapping[str, Floats], outputs: Points) -> tuple[_Table, Points]:
        """Every component in turn, from assumed resources of loops; then the resources of the design."""
        n = len(outputs)
        values = {name: np.full(n, amount) for name, amount in self.need.items()} | dict(assumed)
        table = _Table({**values, **_named(outputs)}, {}, n)
        for step, place in enumerate(self.order):
            table = self._component(table, place, self.order[step + 1 :])
        made = [value(b.term, self._known(table), self.end) for b in self.results]
        raised = [
            np.maximum(
                settled(np.broadcast_to(found, table.count), self.ports[b.port].order), table.values[f"!{k}"]
            )
            for k, (b, found) in enumerate(zip(self.results, made, strict=True))
        ]
        points = np.stack(raised, axis=1) if raised else np.zeros((table.count, 0))
        kept = np.flatnonzero((points < _LARGE).all(axis=1))
        self.grows |= len(kept) < table.count
        return table.take(kept), points[kept]

    def _known(self, table: _Table) -> dict[str, Value]:
        """Values of variables; a resource of a loop is what is assumed until it is known."""
        assumed = {name[:-1]: v for name, v in table.values.items() if name.endswith("?")}
        return {name: (v, v) for name, v in {**assumed, **table.values}.items()}

    def _component(self, table: _Table, place: int, later: Sequence[int]) -> _Table:
        """The points with each implementation of a component that provides what they ask for."""
        part = self.design.components[place]
        step = max(MAX_CELLS // max(len(part.labels), 1), 1)
        pieces = [
            self._pruned(
                self._expanded(table.take(np.arange(i, min(i + step, table.count))), part, place), later
            )
            for i in range(0, table.count, step)
        ]
        if not pieces:
            return self._expanded(table, part, place)
        joined = _joined(pieces)
        if not joined.count and table.count:
            self.failed[part.name] = self.failed.get(part.name, 0) + 1
        return self._pruned(joined, later) if len(pieces) > 1 else joined

    def _expanded(self, table: _Table, part: Component, place: int) -> _Table:
        known = self._known(table)
        asked: dict[str, Value] = {}
        for port in part.provides:
            bound = self.demands.get(f"{part.name}.{port.name}")
            amount = np.zeros(table.count) if bound is None else value(bound.term, known, self.end)
            amount = settled(np.broadcast_to(amount, table.count), port.order)[:, None]
            asked[port.name] = (amount, amount)
        rows = {
            name: (np.asarray(low)[None], np.asarray(high)[None])
            for name, (low, high) in part.parameters.items()
        }
        shape = (table.count, len(part.labels))
        fits = np.ones(shape, dtype=bool)
        for limit in part.limits:  # the most that may be provided is what helps: the other end
            most, order = value(limit.term, rows, 1 - self.end), self.ports[f"{part.name}.{limit.port}"].order
            wired = f"{part.name}.{limit.port}" in self.demands
            fits &= _at_most(asked[limit.port][0], most, order) if wired else True
        needs: dict[str, Floats] = {}
        for need in part.needs:
            port = self.ports[f"{part.name}.{need.port}"]
            amount = np.broadcast_to(value(need.term, {**asked, **rows}, self.end), shape)
            needs[f"{part.name}.{need.port}"] = settled(amount, port.order)
            fits &= amount < math.inf
        points, rows_taken = np.nonzero(fits)
        kept = table.take(points)
        values = {**kept.values, **{name: amount[points, rows_taken] for name, amount in needs.items()}}
        return _Table(values, {**kept.chosen, place: rows_taken.astype(np.int64)}, len(points))

    # ---- what is dropped

    def _pruned(self, table: _Table, later: Sequence[int]) -> _Table:
        """The points that no other is below in what is still read."""
        columns = self._live(table, later)
        return (
            table.take(minimal(np.stack(columns, axis=1)))
            if columns
            else table.take(np.arange(min(table.count, 1)))
        )

    def _live(self, table: _Table, later: Sequence[int]) -> list[Floats]:
        terms: list[Term] = [b.term for b in self.results]
        for place in later:
            part = self.design.components[place]
            terms += [
                self.demands[n].term for p in part.provides if (n := f"{part.name}.{p.name}") in self.demands
            ]
        known = self._known(table)
        names = set(known) - set(self.need)
        columns: list[Floats] = [v for name, v in table.values.items() if name.startswith("!")]
        for name in self.loops:
            assumed = table.values[f"{name}?"]
            columns.append(np.maximum(assumed, table.values[name]) if name in table.values else assumed)
        for part in parts_of(terms, names | set(self.need)):
            if not set(variables(part)) & names:
                continue
            if isinstance(part, Variable):
                columns += _coordinates(known[part.name][0], self.ports[part.name].order)
            else:
                columns.append(np.broadcast_to(value(part, known, self.end), table.count))
        return columns

    # ---- loops

    def _closed(self, table: _Table) -> Places:
        """The points whose loops ask for no more than was assumed."""
        closed = np.ones(table.count, dtype=bool)
        for name in self.loops:
            closed &= table.values[name] <= table.values[f"{name}?"] * (1 + _SAME) + 1e-300
        return np.flatnonzero(closed)

    def _raised(self, table: _Table, outputs: Points, found: Points) -> tuple[dict[str, Floats], Points]:
        """What is assumed next: the join of what was assumed and what came out, where it may still be least."""
        assumed = {
            f"{name}?": np.maximum(table.values[name], table.values[f"{name}?"]) for name in self.loops
        }
        alive = np.ones(table.count, dtype=bool)
        for amounts in assumed.values():
            alive &= amounts < _LARGE
        self.grows |= not alive.all()
        if len(found) and table.count:
            alive &= ~dominated(resource_points(self.design, outputs), resource_points(self.design, found))
        places = np.flatnonzero(alive)
        columns = [outputs[places], *(a[places][:, None] for a in assumed.values())]
        least = places[minimal(np.concatenate(columns, axis=1))] if len(places) else places
        return {name: amounts[least] for name, amounts in assumed.items()}, outputs[least]

    def _least(self, points: Points, chosen: NDArray[np.int64]) -> tuple[Points, NDArray[np.int64]]:
        places = minimal(resource_points(self.design, points))
        return points[places], chosen[places]

    def _reason(self, unfinished: bool) -> str:
        if self.grows or unfinished:
            words = ", ".join(f"`{name}`" for name in self.loops)
            return (
                f"the loop through {words} grows without bound"
                if words
                else "a resource is beyond all bounds"
            )
        names = ", ".join(f"`{name}`" for name in self.failed)
        return f"no implementation of {names} provides what is asked of it"


# ---- tables


def _named(outputs: Points) -> dict[str, Floats]:
    """Resources of the design found so far, below which the ascent does not go again."""
    return {f"!{k}": outputs[:, k] for k in range(outputs.shape[1])}


def _joined(pieces: Sequence[_Table]) -> _Table:
    if len(pieces) == 1:
        return pieces[0]
    first = pieces[0]
    values = {name: np.concatenate([p.values[name] for p in pieces]) for name in first.values}
    chosen = {n: np.concatenate([p.chosen[n] for p in pieces]) for n in first.chosen}
    return _Table(values, chosen, sum(p.count for p in pieces))


def _chosen(design: Design, table: _Table) -> NDArray[np.int64]:
    columns = [table.chosen[n] for n in range(len(design.components))]
    return np.stack(columns, axis=1) if columns else np.zeros((table.count, 0), np.int64)


def _merged(
    found: Sequence[tuple[Points, NDArray[np.int64]]], design: Design
) -> tuple[Points, NDArray[np.int64]]:
    points = np.concatenate([p for p, _ in found])
    chosen = np.concatenate([c for _, c in found])
    places = minimal(resource_points(design, points))
    return points[places], chosen[places]


def _at_most(asked: Floats, most: Floats, order: Order) -> NDArray[np.bool_]:
    if order.is_finite:
        return np.asarray(order.below)[asked.astype(int), most.astype(int)]
    return asked <= most * (1 + _SAME) + 1e-12


def _sequence(design: Design, demands: Mapping[str, Bound]) -> tuple[list[int], tuple[str, ...]]:
    """Components, each after those whose resources it reads where that is possible, and what is read before."""
    reads = [
        {
            name
            for port in part.provides
            if (bound := demands.get(f"{part.name}.{port.name}")) is not None
            for name in variables(bound.term)
            if "." in name
        }
        for part in design.components
    ]
    done: set[str] = set()
    left, order, loops = list(range(len(reads))), list[int](), dict[str, None]()
    while left:
        chosen = min(left, key=lambda place: len(reads[place] - done))
        loops |= dict.fromkeys(sorted(reads[chosen] - done))
        left.remove(chosen)
        order.append(chosen)
        part = design.components[chosen]
        done |= {f"{part.name}.{port.name}" for port in part.requires}
    return order, tuple(loops)
