"""The order of contractions: associativity, exchange of sums and distributivity, decided by the work that is left.

A sum over a product whose factors are sums over products is one network of factors and bound axes. Every way to
contract it two at a time is a bracketing of the same value. The one with the least work, multiplications and traffic of
what lies between, is found by dynamic programming over sets of factors (Pfeifer, Haegeman and Verstraete, arXiv
1304.6112). A factor that is a sum of terms, one of which is a contraction, is multiplied out where that is less work.
What costs the same stays as it is written.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from diagc.core import ops
from diagc.core.axes import Axis
from diagc.core.contraction import (
    contraction_dtype,
    factors_read,
    is_product,
    is_sum,
    multiplies,
    product_factors,
    summed_factors,
)
from diagc.core.diagram import Diagram, Node, apply, reduction, spread, substitute, users, walk
from diagc.core.dtypes import DType
from diagc.core.rewrite import Record, Rule, Step
from diagc.passes.normalise import Normalise, function

UNKNOWN_SIZE = 4096
"""Taken for a size symbol of which nothing is known."""

TRAFFIC = 412
"""Multiplications in the time in which a 16-bit element is written and read again: 4 bytes at 4.8 TB/s against
2 operations at 989 TFLOP/s (specs/machines/h200.yaml)."""

VECTOR = 15
"""Multiplications of matrix units in the time of one of the vector units (989 against 67 TFLOP/s, the same file)."""

MAX_FACTORS = 8
"""Factors of a network up to which every bracketing is tried: 3⁸ pairs of sets."""

RULE = Rule("reassociate", "∑ₓ (∑_d q·k)·v = ∑_d q·(∑ₓ k·v); (a + b)·c = a·c + b·c", lambda _: None)


@dataclass(frozen=True, slots=True)
class Reassociate:
    """The pass `reassociate`. `sizes` are the values of size symbols, where they are known."""

    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    normalise: Normalise = field(default_factory=Normalise)

    def run(self, diagram: Diagram, record: Record | None = None) -> Diagram:
        """The diagram with its contractions in the cheapest order, in normal form."""
        record = record or Record()
        made = _Rewriting(self.sizes, record).run(diagram.outputs)
        changed = diagram.with_outputs(made)
        return changed if changed is diagram else self.normalise.run(changed, record)


@dataclass(frozen=True, slots=True)
class _Network:
    """∑ over `bound` of the product of `factors`; the result has the axes `free`. `opened` are contractions in it."""

    factors: tuple[Node, ...]
    bound: frozenset[Axis]
    free: frozenset[Axis]
    opened: frozenset[Node]


@dataclass(slots=True)
class _Rewriting:
    sizes: Mapping[str, int]
    record: Record
    readers: dict[Node, list[Node]] = field(default_factory=dict[Node, list[Node]])
    roots: tuple[Node, ...] = ()
    shared: Node | None = None
    """A contraction that several others read and that is looked at as if each had its own."""

    def run(self, roots: tuple[Node, ...]) -> tuple[Node, ...]:
        """Networks are widest from above: the outermost contraction that improves is replaced, then all anew."""
        for _ in range(sum(1 for _ in walk(roots))):
            self.readers, self.roots = users(roots), roots
            better = self._first(roots) or self._apart(roots)
            if not better:
                return roots
            for before, after in better.items():
                self.record.steps.append(Step(RULE, before, self.record.follow(before, after)))
            roots = substitute(roots, better)
        return roots

    def _first(self, roots: tuple[Node, ...]) -> dict[Node, Node] | None:
        for current in reversed(tuple(walk(roots))):
            if summed_factors(current) and _is_plain(current):
                network = self._network(current)
                cost, made = self._best(network)
                choices = [(cost + self._inside(network.factors), made), *self._distributed(network)]
                cost, made = min(choices, key=lambda choice: choice[0])
                if (
                    cost < self._written(current, network.opened)
                    and made is not None
                    and not _same(current, made)
                ):
                    return {current: made}
        return None

    def _apart(self, roots: tuple[Node, ...]) -> dict[Node, Node] | None:
        """Contractions without one that all of them read, where that is less work: each opens it for itself."""
        for current in walk(roots):
            sums = self._sums_of(current) if summed_factors(current) and _is_plain(current) else []
            if len(sums) < 2 or current in roots:
                continue
            before = self._written(current, self._network(current).opened)
            before += sum(self._alone(s) + TRAFFIC * self._volume(current.axes) for s in sums)
            self.shared = current
            networks = [self._network(s) for s in sums]
            opened = all(current in network.opened for network in networks)
            found = [self._best(network) for network in networks] if opened else []
            self.shared = None
            made = {s: m for s, (_, m) in zip(sums, found, strict=False) if m is not None}
            if len(made) == len(sums) and sum(cost for cost, _ in found) < before:
                return made
        return None

    def _sums_of(self, current: Node) -> list[Node]:
        """The contractions that read one, alone or in a product; none where something else reads it."""
        found: list[Node] = []
        for reader in self.readers[current]:
            sums = self.readers[reader] if is_product(reader) else [reader]
            if reader in self.roots or not all(is_sum(s) and _is_plain(s) for s in sums):
                return []
            found += sums
        return found

    def _alone(self, current: Node) -> float:
        """The work of a sum over its factors as they are."""
        volume = self._volume({axis for factor in factors_read(current) for axis in factor.axes})
        return volume * (1 if multiplies(current) else VECTOR)

    # ---- what there is

    def _network(self, root: Node) -> _Network:
        """The factors and bound axes below a contraction; what others read as well, or masks, stays a factor."""
        assert isinstance(root.op, ops.Reduce)
        factors, bound, opened = list(factors_read(root)), set(root.op.axes), set[Node]()
        place = 0
        while place < len(factors):
            inner = factors[place]
            others = {a for p, f in enumerate(factors) if p != place for a in f.axes}
            if self._opens(inner) and not set(_axes(inner)) & (bound | others | set(root.axes)):
                bound |= set(_axes(inner))
                opened.add(inner)
                factors[place : place + 1] = product_factors(inner.inputs[0])
            else:
                place += 1
        return _Network(tuple(factors), frozenset(bound), frozenset(root.axes), frozenset(opened))

    def _opens(self, current: Node) -> bool:
        """Whether a factor is a contraction that nothing else reads."""
        alone = current is self.shared or len(self.readers.get(current, ())) <= 1
        alone = alone and current not in self.roots
        return bool(summed_factors(current)) and _is_plain(current) and alone

    def _written(self, root: Node, network: frozenset[Node]) -> float:
        """The work of a contraction and of those that its network opens, as they are bracketed now."""
        factors, here = summed_factors(root), self._alone(root)
        opened = [f for f in factors if f in network]
        moved = TRAFFIC * sum(self._volume(f.axes) for f in opened)
        below = sum(self._written(f, network) for f in opened)
        return here + below + moved + self._inside(factors)

    def _inside(self, factors: Iterable[Node]) -> float:
        """The work of the contractions that are terms of a factor, and of storing that factor."""
        summed = [f for f in factors if self._contracted_terms(f)]
        found = [c for f in summed for t in self._contracted_terms(f) for c in self._contractions(t)]
        terms = sum(self._written(c, self._network(c).opened) for c in found)
        return terms + TRAFFIC * sum(self._volume(f.axes) for f in summed)

    # ---- what there could be

    def _best(self, network: _Network) -> tuple[float, Node | None]:
        """The least work, and the node that does it. Beyond `MAX_FACTORS` the network is left alone."""
        count = len(network.factors)
        if count > MAX_FACTORS:
            return math.inf, None
        table: dict[int, tuple[float, frozenset[Axis], int]] = {}
        every = (1 << count) - 1
        for chosen in range(1, every + 1):
            inside = {a for p in range(count) if chosen >> p & 1 for a in network.factors[p].axes}
            outside = {a for p in range(count) if not chosen >> p & 1 for a in network.factors[p].axes}
            kept = frozenset(a for a in inside if a not in network.bound or a in outside)
            if chosen & (chosen - 1) == 0:
                table[chosen] = (0.0 if kept == frozenset(inside) else self._volume(inside), kept, 0)
                continue
            cost, part = self._split(table, chosen, kept)
            table[chosen] = (cost + (TRAFFIC * self._volume(kept) if chosen != every else 0), kept, part)
        return table[every][0], self._build(network, table, every)

    def _split(
        self, table: Mapping[int, tuple[float, frozenset[Axis], int]], chosen: int, kept: frozenset[Axis]
    ) -> tuple[float, int]:
        """The least work to make a set of factors of two, and one of the two."""
        best, at = math.inf, 0
        part = (chosen - 1) & chosen
        while part:
            rest = chosen ^ part
            if part > rest:
                (left, a, _), (right, b, _) = table[part], table[rest]
                matrices = bool((a & b) - kept) and bool(a & kept - b) and bool(b & kept - a)
                cost = left + right + self._volume(a | b) * (1 if matrices else VECTOR)
                if cost < best:
                    best, at = cost, part
            part = (part - 1) & chosen
        return best, at

    def _build(
        self, network: _Network, table: Mapping[int, tuple[float, frozenset[Axis], int]], chosen: int
    ) -> Node:
        """The node of a set of factors: products in brackets, each axis summed as soon as it can be."""
        _, kept, part = table[chosen]
        if part:
            sides = self._build(network, table, part), self._build(network, table, chosen ^ part)
            factors = [f for side in sides for f in (product_factors(side) if is_product(side) else (side,))]
            made = apply("mul", *factors)
        else:
            made = network.factors[chosen.bit_length() - 1]
        done = [a for a in made.axes if a in network.bound and a not in kept]
        return reduction("sum", done, made) if done else made

    def _distributed(self, network: _Network) -> Iterable[tuple[float, Node | None]]:
        """The network with one of its sums multiplied out, with the work of all terms."""
        for place, factor in enumerate(network.factors):
            if not self._contracted_terms(factor):
                continue
            rest = [f for p, f in enumerate(network.factors) if p != place]
            made, total = list[Node](), 0.0
            for term in factor.inputs:
                term = spread(term, (a for a in factor.axes if a in network.bound))
                opened = reduction("sum", list(network.bound), apply("mul", term, *rest))
                inner = self._network(opened)
                cost, node = self._best(inner)
                made.append(node if node is not None else opened)
                total += cost
            yield total, apply("add", *made)

    def _contracted_terms(self, factor: Node) -> list[Node]:
        """The terms of a factor that are contractions, if it is a sum that nothing else reads."""
        if function(factor) != "add" or len(self.readers.get(factor, ())) > 1:
            return []
        return [t for t in factor.inputs if self._contractions(t)]

    def _contractions(self, term: Node) -> list[Node]:
        """The contraction that a term is, perhaps times numbers; none where it is none."""
        factors = [f for f in product_factors(term) if f.axes] if is_product(term) else [term]
        return factors if len(factors) == 1 and self._opens(factors[0]) else []

    def _volume(self, axes: Iterable[Axis]) -> float:
        return math.prod(
            axis.size.evaluate({s: self.sizes.get(s, UNKNOWN_SIZE) for s in axis.size.symbols})
            for axis in axes
        )


def _axes(current: Node) -> tuple[Axis, ...]:
    assert isinstance(current.op, ops.Reduce)
    return current.op.axes


def _same(current: Node, made: Node) -> bool:
    """Whether two contractions differ in the order of their factors at most."""
    axes = isinstance(made.op, ops.Reduce) and set(_axes(made)) == set(_axes(current))
    return axes and Counter(summed_factors(made)) == Counter(summed_factors(current))


def _is_plain(current: Node) -> bool:
    """Whether the spec leaves the precision of a contraction open.

    One in f16 stays as it is written: another order has other products in between, which may be too large for f16.
    """
    op = current.op
    free = isinstance(op, ops.Reduce) and op.compute is None and op.accumulate is None
    return free and current.dtype.kind == "float" and contraction_dtype(current) is not DType.F16
