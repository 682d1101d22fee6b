"""Designs of the surface tree to design problems: orders, components and wires; every error of a design at once."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from diagc.check.components import Surroundings, read_component, read_port, sides, unbounded
from diagc.check.design_terms import check_monotone, number, term_of
from diagc.check.scope import Module, unknown
from diagc.core.design import (
    NATURAL,
    REAL,
    Apply,
    Bound,
    Component,
    Constant,
    Design,
    Order,
    Port,
    Term,
    Variable,
    finite_order,
    variables,
)  # fmt: skip
from diagc.diagnostics import DiagnosticError, Label, Sink, failure
from diagc.limits import MAX_ELEMENTS
from diagc.source import Span
from diagc.syntax import tree


def build_design(
    module: Module, item: tree.Design, sink: Sink, root: Path, extra: dict[str, str]
) -> Design | None:
    """The design problem of a declaration; None where it has errors, which go to `sink`."""
    return _Builder(module, item, sink).build(root, extra)


class _Builder:
    def __init__(self, module: Module, item: tree.Design, sink: Sink) -> None:
        self.module, self.item, self.sink = module, item, sink
        self.orders: dict[str, Order] = {"real": REAL, "natural": NATURAL}
        self.taken: dict[str, Span] = {}
        self.failed = False

    @contextmanager
    def _collecting(self) -> Generator[None, None, None]:
        """What is wrong within goes to the sink, and reading goes on after it."""
        try:
            yield
        except DiagnosticError as error:
            self.sink.extend(error.diagnostics)
            self.failed = True

    def build(self, root: Path, extra: dict[str, str]) -> Design | None:
        """The design, unless something in it is wrong."""
        for poset in (i for i in self.item.items if isinstance(i, tree.Poset)):
            with self._collecting():
                self._poset(poset)
        ports: dict[str, list[Port]] = {"provides": [], "requires": []}
        given: dict[str, float] = {}
        for item in (i for i in self.item.items if isinstance(i, tree.Ports)):
            for port in item.ports:
                with self._collecting():
                    ports[item.side].append(self._port(port, item.side, given))
        around, parts = Surroundings(self.orders, self.module.source, root, extra), list[Component]()
        for item in (i for i in self.item.items if isinstance(i, tree.Component)):
            with self._collecting():
                self._claim(item.name)
                parts.append(read_component(item, around))
        if self.failed:  # what is missing would be reported again where it is used
            return None
        provides, requires = tuple(ports["provides"]), tuple(ports["requires"])
        design = Design(
            self.item.name.text, provides, requires, tuple(parts), (), (), given, self.item.name.span
        )
        return self._wired(design)

    def _claim(self, name: tree.Name) -> None:
        if name.text in self.taken:
            raise failure("E0204", f"`{name.text}` is declared twice", Label(name.span, "second declaration"),
                          Label(self.taken[name.text], "first declared here"),
                          help="ports, components and orders of a design do not share a name")  # fmt: skip
        self.taken[name.text] = name.span

    def _poset(self, item: tree.Poset) -> None:
        self._claim(item.name)
        covers: set[tuple[str, str]] = set()
        for chain in item.chains:
            if any(sign != "<" for sign in chain.signs):
                raise failure(
                    "E1505", "an order is given by `<`", Label(chain.span), help="write `low < high`"
                )
            names = [element.text for element in chain.elements]
            covers |= set(pairwise(names))
        elements = dict.fromkeys(element.text for chain in item.chains for element in chain.elements)
        if len(elements) > MAX_ELEMENTS:
            raise failure("E1505", f"`{item.name.text}` has {len(elements)} elements", Label(item.span),
                          help=f"a finite order has {MAX_ELEMENTS} at most")  # fmt: skip
        order = finite_order(item.name.text, tuple(elements), covers)
        if order is None:
            raise failure("E1505", f"`{item.name.text}` has an element above itself", Label(item.span),
                          help="an order has no cycles")  # fmt: skip
        self.orders[item.name.text] = order

    def _port(self, port: tree.Port, side: str, given: dict[str, float]) -> Port:
        self._claim(port.name)
        found = read_port(port, self.orders)
        if port.value is not None:
            if side == "requires":
                raise failure("E1503", "a resource is what is looked for; it has no value", Label(port.value.span),
                              help="remove the value")  # fmt: skip
            given[found.name] = value_of(found, port.value)
        return found

    # ---- wires

    def _wired(self, design: Design) -> Design | None:
        ports, own = design.ports, {p.name for p in design.requires}
        known = {p.name for p in design.provides} | {
            f"{part.name}.{p.name}" for part in design.components for p in part.requires
        }
        asked = {f"{part.name}.{p.name}" for part in design.components for p in part.provides}
        bounds: dict[str, list[Bound]] = {}
        for ensure in (i for i in self.item.items if isinstance(i, tree.Ensure)):
            with self._collecting():
                name, sign, written = sides(ensure)
                if name.text not in asked | own or sign != ">=":
                    raise _not_asked(name, sign, asked | own, known)
                term = self._term(written, ports[name.text], ports, known)
                bounds.setdefault(name.text, []).append(Bound(name.text, term, ensure.span))
        for port in design.requires:
            with self._collecting():
                if port.name not in bounds and not self.failed:
                    raise unbounded(port, design.name)
        if self.failed:
            return None
        joined: list[Bound] = []
        for name, found in bounds.items():
            with self._collecting():
                joined.append(_greatest(found, ports[name]))
        demands = tuple(b for b in joined if b.port not in own)
        results = tuple(b for b in joined if b.port in own)
        return Design(
            design.name, design.provides, design.requires, design.components, demands, results, design.given,
            design.span,
        )  # fmt: skip

    def _term(self, written: tree.Expr, target: Port, ports: dict[str, Port], known: set[str]) -> Term:
        elements = target.order.elements
        if isinstance(written, tree.Ref) and written.name.text in elements:
            return Constant(*[float(elements.index(written.name.text))] * 2)
        term = term_of(written, known)
        if isinstance(term, Variable):
            _check_wire(ports[term.name], target, written.span)
            return term
        read = set(variables(term))
        if target.order.is_finite or any(ports[name].order.is_finite for name in read):
            raise failure("E1505", "elements of a finite order are not calculated with", Label(written.span),
                          help="wire one port to the other: `ensure a.port >= b.port`")  # fmt: skip
        check_monotone(term, written.span, read, {}, f"what is asked of `{target.name}`")
        return term


def _check_wire(source: Port, target: Port, span: Span) -> None:
    """E1505 where two ports that are wired differ in order or unit."""
    if source.order.is_finite or target.order.is_finite:
        if source.order != target.order:
            both = f"`{source.name}` is of `{source.order.name}`, `{target.name}` of `{target.order.name}`"
            raise failure("E1505", both, Label(span), help="both ends of a wire have the same order")  # fmt: skip
    elif source.unit and target.unit and source.unit != target.unit:
        raise failure("E1505", f"`{source.name}` is in {source.unit}, `{target.name}` in {target.unit}", Label(span),
                      help="write the conversion, as in `1000 * mass`")  # fmt: skip


def _not_asked(name: tree.QName, sign: str, wanted: set[str], known: set[str]) -> DiagnosticError:
    if name.text in wanted:
        return failure("E1503", f"`{name.text}` is bounded with `>=` here", Label(name.span, f"not `{sign}`"),
                       help="what is provided or found is at least what is asked")  # fmt: skip
    if name.text in known:
        return failure("E1503", f"`{name.text}` is required, it cannot be asked for", Label(name.span),
                       help="on the left stands functionality of a component or a resource of the design")  # fmt: skip
    return unknown("E0201", "port", name, sorted(wanted))


def _greatest(bounds: list[Bound], port: Port) -> Bound:
    """One bound that holds iff all of several do."""
    if len(bounds) == 1:
        return bounds[0]
    if port.order.is_finite:
        raise failure("E1505", f"`{bounds[1].port}` is wired twice", Label(bounds[1].span),
                      Label(bounds[0].span, "first here"), help="a port of a finite order has one wire")  # fmt: skip
    return Bound(bounds[0].port, Apply("max", tuple(b.term for b in bounds)), bounds[0].span)


def value_of(port: Port, written: tree.Expr) -> float:
    """The value of a port that the file states. Raises `DiagnosticError` E1503, E1505."""
    if port.order.is_finite:
        if isinstance(written, tree.Ref) and written.name.text in port.order.elements:
            return float(port.order.elements.index(written.name.text))
        raise failure("E1505", f"this is no element of `{port.order.name}`", Label(written.span),
                      help=f"there are {', '.join(port.order.elements)}")  # fmt: skip
    found = number(written)
    if found < 0:
        raise failure("E1503", "a value is not below 0", Label(written.span), help="write a number ≥ 0")
    return found
