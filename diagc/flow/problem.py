"""What the expansion is about: a polynomial loss of Gaussian parameters, as a sum of diagrams.

`L = Σ coefficient · diagram / denominator`, where a node of a diagram is summed over a range of its size, and an edge
is an entry of a parameter. Entries of a parameter are independent normal numbers of mean 0 and standard deviation
`number · symbol`. Parameters that do not train are averaged, and no gradient reaches them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from diagc.core.axes import Size
from diagc.core.diagram import Node
from diagc.flow.constraints import Constraints, distinct
from diagc.flow.graph import Canoniser, Edge, Edges, renamed
from diagc.flow.polynomial import Packed, Space, product

_ONE: Final[Packed] = {0: 1}


@dataclass(frozen=True, slots=True)
class Parameter:
    """An array of independent normal entries; `scale` is a number and the name of a free factor, if there is one."""

    name: str
    node: Node
    trains: bool
    sizes: tuple[Size, ...]
    scale: tuple[Fraction, str | None]


@dataclass(slots=True)
class Problem:
    """A loss in the form of the expansion. `sizes` and `scales` are the symbols of the results, in this order."""

    name: str
    sizes: tuple[str, ...]
    scales: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    constraints: Constraints
    canoniser: Canoniser
    terms: dict[Edges, Packed]
    denominator: int
    space: Space = field(init=False)
    _node: dict[tuple[int, int], Packed] = field(default_factory=dict[tuple[int, int], Packed])

    def __post_init__(self) -> None:
        self.space = Space(self.symbols)

    @property
    def symbols(self) -> tuple[str, ...]:
        return self.sizes + self.scales

    @property
    def moving(self) -> tuple[int, ...]:
        """The places among the symbols of the scales of what trains."""
        names = {p.scale[1] for p in self.parameters if p.trains}
        return tuple(n for n, symbol in enumerate(self.symbols) if n >= len(self.sizes) and symbol in names)

    @property
    def step(self) -> int:
        """How many factors that train a term loses when it merges with the target instead of with the model."""
        trains = [p.trains for p in self.parameters]
        degrees = {sum(1 for e in form if e[0] >= 0 and trains[e[0]]) for form in self.terms} - {0}
        most, *less = sorted(degrees, reverse=True)
        return most - less[0] if less else 1

    def node_size(self, edge: Edge, place: int) -> Size:
        """The size of the node at a place of an edge."""
        if edge[0] < 0:
            return self.constraints.forms[-1 - edge[0]].modulus
        return self.parameters[edge[0]].sizes[place]

    def node_sizes(self, edges: Iterable[Edge]) -> dict[int, Size]:
        """The size of every node of edges."""
        return {n: self.node_size(edge, place) for edge in edges for place, n in enumerate(edge[1:])}

    def free(self, lost: Edge, rest: Sequence[Edge]) -> Packed:
        """The factor of the nodes of an edge that no edge of the rest has: each is a sum over nothing."""
        made = _ONE
        seen: set[int] = set()
        for place, node in enumerate(lost[1:]):
            if node not in seen and not any(node in edge[1:] for edge in rest):
                made = product(made, self._sum_over(lost, place))
            seen.add(node)
        return made

    def _sum_over(self, edge: Edge, place: int) -> Packed:
        found = self._node.get((edge[0], place))
        if found is None:
            found = self._node[edge[0], place] = self.space.size(self.node_size(edge, place))
        return found

    def settled(
        self, before: Iterable[Edge], left: Iterable[Edge], place: Mapping[int, int]
    ) -> tuple[list[Edge], Packed]:
        """What is left of edges `before` after nodes were renamed, and the factor of the nodes that are gone.

        A constraint that a node of its own solves leaves together with this node.
        """
        sizes = {place.get(n, n): size for n, size in self.node_sizes(before).items()}
        moved = [self.constraints.moved(e, place) if e[0] < 0 else renamed(e, place) for e in left]
        made = distinct(edge for edge in moved if edge is not None)
        kept = self.constraints.without_loose(made)
        rest = {node for edge in kept for node in edge[1:]}
        factor: Packed = {0: 1}
        for node, size in sizes.items():
            if node not in rest:
                factor = product(factor, self.space.size(size))
        for edge in (Counter(made) - Counter(kept)).elements():
            modulus = self.space.monomial(self.node_size(edge, 0))
            factor = {monomial - modulus: number for monomial, number in factor.items()}
        return kept, factor
