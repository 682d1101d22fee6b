"""Design problems: parts as monotone relations from functionality to resources, and how they are wired.

A component has implementations; each provides functionality up to limits and requires resources that grow with what is
asked of it. A design asks functionality of its components, as monotone terms in resources of others and in its own
functionality; its own resources are monotone terms, too. Values are ≥ 0 or elements of finite orders, ∞ is too much.
(Censi: A mathematical theory of co-design, arXiv 1512.08055; Uncertainty in monotone co-design problems, 1609.03103.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from diagc.source import NOWHERE, Span

# ---- orders


@dataclass(frozen=True, slots=True)
class Order:
    """A partially ordered set: `real` and `natural` numbers ≥ 0 with ∞, or a finite set.

    `below` [i j] says of a finite set whether element i is at most element j; no element stands before one below it.
    """

    name: str
    elements: tuple[str, ...] = ()
    below: tuple[tuple[bool, ...], ...] = ()

    @property
    def is_finite(self) -> bool:
        return bool(self.elements)

    @property
    def is_chain(self) -> bool:
        """Whether any two elements are comparable; they then stand in order."""
        n = range(len(self.elements))
        return all(self.below[i][j] or self.below[j][i] for i in n for j in n)


REAL: Final = Order("real")
NATURAL: Final = Order("natural")


def finite_order(name: str, elements: tuple[str, ...], covers: set[tuple[str, str]]) -> Order | None:
    """The order that follows from `a < b` for each pair; None where it would have a cycle."""
    found = {(a, a) for a in elements} | covers
    for middle, low, high in product(elements, elements, elements):
        if (low, middle) in found and (middle, high) in found:
            found.add((low, high))
    if any((b, a) in found for a, b in found if a != b):
        return None
    ranked = sorted(elements, key=lambda e: sum((other, e) in found for other in elements))
    return Order(name, tuple(ranked), tuple(tuple((a, b) in found for b in ranked) for a in ranked))


@dataclass(frozen=True, slots=True)
class Port:
    """A functionality or a resource, with its order and the unit in which it is measured."""

    name: str
    order: Order
    unit: str = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)


# ---- terms


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, or all that it may be: known to lie between two."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Variable:
    """A functionality, a resource or a parameter, by its name in the design: `battery.mass`, `distance`."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """`add` and `max` and `min` of any number of terms, other functions of theirs; see `terms`."""

    function: str
    operands: tuple[Term, ...]


Term = Constant | Variable | Apply


def variables(term: Term) -> Iterator[str]:
    """The names in a term, with repetitions."""
    match term:
        case Variable(name):
            yield name
        case Apply(_, operands):
            for operand in operands:
                yield from variables(operand)
        case Constant():
            pass


# ---- components and designs


@dataclass(frozen=True, slots=True)
class Bound:
    """`port >= term` for what is asked for or required, `port <= term` for what is provided at most."""

    port: str
    term: Term
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Component:
    """A part. Implementations are the rows of `parameters`: by name the least and greatest value in each.

    `limits` bound functionality from above by parameters, `needs` resources from below by functionality and parameters.
    """

    name: str
    provides: tuple[Port, ...]
    requires: tuple[Port, ...]
    labels: tuple[str, ...]
    parameters: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    limits: tuple[Bound, ...]
    needs: tuple[Bound, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Design:
    """A design problem: `demands` ask functionality of components, `results` are its own resources.

    `given` are values of its functionality that the file states.
    """

    name: str
    provides: tuple[Port, ...]
    requires: tuple[Port, ...]
    components: tuple[Component, ...]
    demands: tuple[Bound, ...]
    results: tuple[Bound, ...]
    given: Mapping[str, float]
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def port(self, name: str) -> Port:
        """The port of a name such as `distance` or `battery.mass`."""
        return self.ports[name]

    @property
    def ports(self) -> dict[str, Port]:
        """Every port by its name in the design."""
        found = {port.name: port for port in (*self.provides, *self.requires)}
        for part in self.components:
            found |= {f"{part.name}.{port.name}": port for port in (*part.provides, *part.requires)}
        return found
