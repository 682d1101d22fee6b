"""Components of designs: ports, implementations from tables and choices, and what they need; all must be monotone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path

from diagc.check.design_terms import check_monotone, number, term_of
from diagc.check.scope import unknown
from diagc.check.tables import Table, is_number, read_table
from diagc.core.design import NATURAL, REAL, Apply, Bound, Component, Order, Port, Variable
from diagc.core.terms import Value
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.limits import MAX_IMPLEMENTATIONS
from diagc.source import Source, Span
from diagc.syntax import tree

Column = tuple[tuple[float, ...], tuple[float, ...]]
"""Least and greatest values of a parameter, one for each implementation."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a component may refer to: orders by name, and files beside its own."""

    orders: Mapping[str, Order]
    source: Source
    root: Path
    extra: dict[str, str]


def read_port(port: tree.Port, orders: Mapping[str, Order]) -> Port:
    """A port with its order and unit. Raises `DiagnosticError` E1505."""
    if port.poset.text not in orders:
        raise unknown("E1505", "order", port.poset, orders)
    unit = ""
    for attribute in port.attributes:
        if attribute.name.text != "unit" or not attribute.args or len(attribute.args) != 1:
            raise failure("E1505", f"a port has no attribute `@{attribute.name.text}`", Label(attribute.span),
                          help="write its unit, as in `@unit(km)`")  # fmt: skip
        unit = attribute.args[0].value.span.text.replace(" ", "")
    return Port(port.name.text, orders[port.poset.text], unit, port.name.span)


def sides(ensure: tree.Ensure) -> tuple[tree.QName, str, tree.Expr]:
    """Port, sign and term of `port >= term` or `port <= term`. Raises `DiagnosticError` E1503."""
    match ensure.condition:
        case tree.Binary(">=" | "<=" as sign, tree.Ref(name), term):
            return name, sign, term
        case condition:
            raise failure("E1503", "a condition bounds one port", Label(condition.span),
                          help="write `ensure port >= term`, or in a component `ensure port <= term`")  # fmt: skip


def unbounded(port: Port, owner: str) -> DiagnosticError:
    """E1504 for a resource that nothing bounds."""
    return failure("E1504", f"nothing says how much `{port.name}` `{owner}` requires", Label(port.span),
                  help=f"write `ensure {port.name} >= …`")  # fmt: skip


def read_component(item: tree.Component, around: Surroundings) -> Component:
    """The component of a declaration. Raises `DiagnosticError` with its first error: E0201, E0204, E1502–E1506."""
    return _Reader(item, around).component()


@dataclass(slots=True)
class _Reader:
    item: tree.Component
    around: Surroundings
    ports: dict[str, list[Port]] = field(default_factory=lambda: {"provides": [], "requires": []})
    groups: list[tuple[tuple[str, ...], dict[str, Column]]] = field(
        default_factory=list[tuple[tuple[str, ...], dict[str, Column]]]
    )
    """Alternatives that are independent of one another: labels, and the parameters that they set."""

    def component(self) -> Component:
        name, items = self.item.name.text, self.item.items
        for ports in (i for i in items if isinstance(i, tree.Ports)):
            for port in ports.ports:
                self._own(port)
                self.ports[ports.side].append(read_port(port, self.around.orders))
        for part in items:
            match part:
                case tree.Choice():
                    self._choice(part)
                case tree.Rows():
                    self._rows(part)
                case _:
                    pass
        labels, parameters = self._implementations()
        limits, needs = self._bounds(parameters)
        provides, requires = tuple(self.ports["provides"]), tuple(self.ports["requires"])
        for port in requires:
            if port.name not in {need.port for need in needs}:
                raise unbounded(port, name)
        return Component(name, provides, requires, labels, parameters, limits, needs, self.item.name.span)

    def _own(self, port: tree.Port) -> None:
        known = {p.name: p for p in (*self.ports["provides"], *self.ports["requires"])}
        if port.name.text in known:
            raise failure("E0204", f"`{port.name.text}` is declared twice", Label(port.name.span, "second declaration"),
                          Label(known[port.name.text].span, "first declared here"), help="rename one")  # fmt: skip
        if port.value is not None:
            raise failure("E1503", "only functionality of the design has a value", Label(port.value.span),
                          help="remove it, or write `ensure component.port >= …` outside")  # fmt: skip

    # ---- implementations

    def _choice(self, item: tree.Choice) -> None:
        values = _values(item.values)
        word = item.name.text
        self._add({word: (values, values)}, tuple(f"{word} = {v:g}" for v in values), item.name.span)

    def _rows(self, item: tree.Rows) -> None:
        table = read_table(item, self.around.source, self.around.root, self.around.extra)
        found: dict[str, Column] = {}
        ports = {p.name: p.order for side in self.ports.values() for p in side}
        for name in dict.fromkeys(
            column.removesuffix(".low").removesuffix(".high") for column in table.columns
        ):
            column = _column(name, table, ports.get(name), item)
            if column is not None:
                found[name] = column
        self._add(found, table.labels, item.path_span)

    def _add(self, found: dict[str, Column], labels: tuple[str, ...], span: Span) -> None:
        known = {name for _, group in self.groups for name in group}
        if twice := known & set(found):
            raise failure(
                "E0204", f"`{min(twice)}` is given twice", Label(span), help="rename one of the two"
            )
        self.groups.append((labels, found))
        if (count := prod(len(texts) for texts, _ in self.groups)) > MAX_IMPLEMENTATIONS:
            raise failure("E1506", f"this component has {count:,} implementations", Label(span),
                          help=f"there may be {MAX_IMPLEMENTATIONS:,}; split it into components")  # fmt: skip

    def _implementations(self) -> tuple[tuple[str, ...], dict[str, Column]]:
        """Every combination of rows and choices."""
        combined = list(product(*(range(len(texts)) for texts, _ in self.groups)))
        labels = tuple(
            ", ".join(texts[at] for (texts, _), at in zip(self.groups, chosen, strict=True))
            for chosen in combined
        )
        parameters: dict[str, Column] = {}
        for place, (_, group) in enumerate(self.groups):
            for name, (low, high) in group.items():
                parameters[name] = (
                    tuple(low[c[place]] for c in combined),
                    tuple(high[c[place]] for c in combined),
                )
        return labels, parameters

    # ---- what it provides and needs

    def _bounds(self, parameters: dict[str, Column]) -> tuple[tuple[Bound, ...], tuple[Bound, ...]]:
        """The conditions that are written, and those of columns that are called like ports."""
        functionality = {p.name for p in self.ports["provides"]}
        resources = {p.name for p in self.ports["requires"]}
        limits = [Bound(n, Variable(f"{n}#"), self.item.name.span) for n in parameters if n in functionality]
        needs = [Bound(n, Variable(f"{n}#"), self.item.name.span) for n in parameters if n in resources]
        for name in functionality | resources:
            if name in parameters:
                parameters[f"{name}#"] = parameters.pop(name)
        fixed: dict[str, Value] = {n: (min(low), max(high)) for n, (low, high) in parameters.items() if low}
        for ensure in (i for i in self.item.items if isinstance(i, tree.Ensure)):
            port, sign, written = sides(ensure)
            if port.text in resources and sign == ">=":
                term = term_of(written, [*functionality, *parameters])
                what = f"what `{self.item.name.text}` requires of `{port.text}`"
                check_monotone(term, written.span, functionality, fixed, what)
                needs.append(Bound(port.text, term, ensure.span))
            elif port.text in functionality and sign == "<=":
                limits.append(Bound(port.text, term_of(written, list(parameters)), ensure.span))
            else:
                raise _wrong_side(port, sign, functionality, resources)
        return tuple(limits), _joined(needs)


def _joined(needs: Iterable[Bound]) -> tuple[Bound, ...]:
    """One bound for each port: several are met by the greatest."""
    found: dict[str, Bound] = {}
    for need in needs:
        known = found.get(need.port)
        term = need.term if known is None else Apply("max", (known.term, need.term))
        found[need.port] = Bound(need.port, term, need.span)
    return tuple(found.values())


def _wrong_side(port: tree.QName, sign: str, functionality: set[str], resources: set[str]) -> DiagnosticError:
    if port.text not in functionality | resources:
        return unknown("E0201", "port", port, [*functionality, *resources])
    side, right = ("resource", ">=") if port.text in resources else ("functionality", "<=")
    return failure("E1503", f"`{port.text}` is a {side}, which a component bounds with `{right}`",
                   Label(port.span, f"not `{sign}`"),
                   help="a component needs at least so much of a resource, and provides at most so much")  # fmt: skip


def _values(expression: tree.Expr) -> tuple[float, ...]:
    """The values of `values(1, 2, 3)`, `range(low, high, count)` or `geometric(low, high, count)`."""
    if isinstance(expression, tree.Call) and all(a.name is None for a in expression.args):
        given = [number(a.value) for a in expression.args]
        if expression.callee.text == "values" and given:
            return tuple(given)
        if (
            expression.callee.text in ("range", "geometric")
            and len(given) == 3
            and _is_range(given, expression)
        ):
            low, high, count = given[0], given[1], int(given[2])
            shares = [n / (count - 1) for n in range(count)]
            if expression.callee.text == "range":
                return tuple(low + (high - low) * s for s in shares)
            return tuple(low * (high / low) ** s for s in shares)
    raise failure("E1503", "a choice lists its values", Label(expression.span),
                  help="write `values(1, 2, 5)`, `range(0, 10, 11)` or `geometric(1, 100, 5)`")  # fmt: skip


def _is_range(given: list[float], call: tree.Call) -> bool:
    low, high, count = given
    starts = low > 0 or (call.callee.text == "range" and low >= 0)
    return starts and low < high < math.inf and 2 <= count <= MAX_IMPLEMENTATIONS and count == int(count)


def _column(name: str, table: Table, order: Order | None, item: tree.Rows) -> Column | None:
    """A column as a parameter; None for one of texts. Raises `DiagnosticError` E1506."""
    low, high = table.columns.get(f"{name}.low"), table.columns.get(f"{name}.high")
    both = [texts for texts in (table.columns.get(name), low, high) if texts is not None]
    if len(both) != (1 if low is None and high is None else 2) or (low is None) != (high is None):
        raise failure("E1506", f"`{item.path}` has no column `{name}`, or it and a bound of it", Label(item.path_span),
                      help=f"give `{name}`, or `{name}.low` and `{name}.high`")  # fmt: skip
    made = [_numbers(name, texts, order, item) for texts in both]
    if any(each is None for each in made):
        return None
    first, last = made[0], made[-1]
    assert first is not None and last is not None
    if any(a > b for a, b in zip(first, last, strict=True)):
        raise failure("E1506", f"`{name}.low` is above `{name}.high` in a row of `{item.path}`", Label(item.path_span),
                      help="swap the two values")  # fmt: skip
    return first, last


def _numbers(
    name: str, texts: tuple[str, ...], order: Order | None, item: tree.Rows
) -> tuple[float, ...] | None:
    if order not in (None, REAL, NATURAL):
        assert order is not None
        wrong = next((t for t in texts if t not in order.elements), None)
        if wrong is None:
            return tuple(float(order.elements.index(t)) for t in texts)
        raise failure("E1506", f"`{wrong}` in column `{name}` is no element of `{order.name}`", Label(item.path_span),
                      help=f"there are {', '.join(order.elements)}")  # fmt: skip
    wrong = next((t for t in texts if not is_number(t)), None)
    if wrong is None:
        return tuple(map(float, texts))
    if order is None:
        return None
    raise failure("E1506", f"`{wrong}` in column `{name}` is no number ≥ 0", Label(item.path_span),
                  help="a port of numbers has a number in every row")  # fmt: skip
