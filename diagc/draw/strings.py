"""A tensor diagram as the graph that a person would draw.

Casts vanish, constants and indices become labels, and what is one idea becomes one box: a product and its sum
is `contract d`, a choice by index is `mask x ≤ q`, a sum over its count is `mean d`. Nodes of one call fold
into one box with the label that `boxes` gives them, where this leaves the graph acyclic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from diagc.core import ops
from diagc.core.axes import Axis, Size, in_order
from diagc.core.diagram import Array, Diagram, Node, operator_axes, walk
from diagc.draw import labels
from diagc.draw.graph import Graph, GraphBox, Value
from diagc.draw.notes import Notes

_SIGNS = {"add": "+", "mul": "×", "sub": "−", "div": "÷"}


def string_graph(
    diagram: Diagram, boxes: Mapping[Node, str] | None = None, notes: Notes | None = None
) -> Graph:
    """The graph of boxes and values. `boxes` maps a node to the label of the call that it belongs to."""
    notes = notes or Notes()
    folding = _Folding(diagram, dict(boxes or {}), notes)
    while True:
        graph, stuck = folding.graph()
        if graph is not None:
            return graph
        folding = _Folding(diagram, {n: label for n, label in folding.named.items() if n not in stuck}, notes)


@dataclass(slots=True)
class _Unit:
    """One box to be: its nodes, what it reads and what it makes."""

    nodes: list[Node]
    operands: tuple[Node, ...]
    results: list[Node]
    label: str
    touched: set[Axis]


@dataclass(slots=True)
class _Folding:
    diagram: Diagram
    named: dict[Node, str]
    notes: Notes
    nodes: tuple[Node, ...] = ()
    closed: set[Node] = field(default_factory=set[Node])
    users: dict[Node, list[Node]] = field(default_factory=dict[Node, list[Node]])
    outputs: set[Node] = field(default_factory=set[Node])
    inner: set[Node] = field(default_factory=set[Node])

    def __post_init__(self) -> None:
        self.nodes = tuple(walk(self.diagram.outputs))
        for current in self.nodes:
            if labels.is_closed_operator(current.op) and all(i in self.closed for i in current.inputs):
                self.closed.add(current)
        for current in self.nodes:
            self.users.setdefault(current, [])
            if current in self.closed or isinstance(current.op, ops.Cast):
                continue
            for operand in dict.fromkeys(map(self.peel, current.inputs)):
                self.users.setdefault(operand, []).append(current)
        self.outputs = {self.peel(n) for n in self.diagram.outputs}

    def peel(self, node: Node) -> Node:
        """The node without the casts around it; closed nodes keep them."""
        while isinstance(node.op, ops.Cast) and node not in self.closed:
            node = node.inputs[0]
        return node

    # ---- units

    def graph(self) -> tuple[Graph | None, set[Node]]:
        """The graph, or the nodes of one named call that would close a cycle."""
        units, owner = self._units(), dict[Node, int]()
        for place, unit in enumerate(units):
            owner |= dict.fromkeys(unit.results, place)
        waiting = {place: {owner[o] for o in unit.operands} for place, unit in enumerate(units)}
        order: list[int] = []
        while waiting:
            ready = [place for place, needed in waiting.items() if not needed]
            if not ready:
                blocked = (units[place] for place in waiting)
                return None, set(next(unit for unit in blocked if unit.nodes[0] in self.named).nodes)
            order += ready
            waiting = {p: needed.difference(ready) for p, needed in waiting.items() if needed}
        return self._assembled([units[place] for place in order]), set()

    def _units(self) -> list[_Unit]:
        made = [_Unit([n], (), [n], "", set()) for n in self.diagram.inputs]
        made += self._groups()
        taken = {n for unit in made for n in unit.nodes}
        singles: list[_Unit] = []
        for current in reversed(self.nodes):
            skipped = current in taken or current in self.inner or current in self.closed
            if not skipped and not isinstance(current.op, ops.Cast):
                singles.append(self._single(current))
        made += reversed(singles)
        read = {o for unit in made for o in unit.operands} | self.outputs
        sources = [n for n in self.nodes if n in self.closed and n in read]
        return made + [_Unit([n], (), [n], _source_label(n), set(n.axes)) for n in sources]

    def _groups(self) -> list[_Unit]:
        """Connected nodes of one label; a node that nothing would be left of is not folded."""
        open_nodes = {n for n in self.named if n in self.users and n not in self.closed}
        parent: dict[Node, Node] = {}
        members = [n for n in self.nodes if n in open_nodes and not isinstance(n.op, ops.Cast | ops.Input)]
        for current in members:
            parent[current] = current
            for operand in map(self.peel, current.inputs):
                if operand in parent and self.named[operand] == self.named[current]:
                    parent[_root(parent, operand)] = _root(parent, current)
        found: dict[Node, list[Node]] = {}
        for current in members:
            found.setdefault(_root(parent, current), []).append(current)
        return [self._group(nodes) for nodes in found.values()]

    def _group(self, nodes: list[Node]) -> _Unit:
        inside = set(nodes)
        read = dict.fromkeys(self.peel(o) for n in nodes for o in n.inputs)
        operands = tuple(o for o in read if o not in inside and o not in self.closed)
        results = [n for n in nodes if n in self.outputs or any(u not in inside for u in self.users[n])]
        return _Unit(nodes, operands, results, self.named[nodes[0]], self._mentioned(nodes))

    def _single(self, host: Node) -> _Unit:
        folded = self._fold(host)
        self.inner.update(folded)
        inside = {host, *folded}
        leaves = [o for n in (host, *folded) for o in map(self.peel, n.inputs) if o not in inside]
        keep_closed = not isinstance(host.op, ops.Map | ops.Gather)
        products = {n for n in folded if isinstance(n.op, ops.Map)}
        read = {self.peel(o) for n in inside - products for o in n.inputs} if keep_closed else set[Node]()
        operands = tuple(dict.fromkeys(o for o in leaves if o not in self.closed or o in read))
        label = self._label(host, folded, operands)
        return _Unit([host, *folded], operands, [host], label, self._mentioned([host, *folded]))

    def _mentioned(self, nodes: Iterable[Node]) -> set[Axis]:
        closed = (o for n in nodes for o in n.inputs if o in self.closed)
        found = {a for n in walk(closed) if isinstance(n.op, ops.Iota) for a in n.axes}
        return found.union(*(operator_axes(n.op) for n in nodes))

    # ---- folding

    def _fold(self, host: Node) -> list[Node]:
        """The nodes that the box of `host` takes in, in order of reading."""
        found: list[Node] = []
        folds = isinstance(host.op, ops.Map | ops.Reduce)
        stack = [self.peel(o) for o in reversed(host.inputs)] if folds else []
        product = isinstance(host.op, ops.Reduce)
        while stack:
            inner = stack.pop()
            if not self._private(inner) or not (self._joins(host, inner) if not found else product):
                continue
            if found and not _is_map(inner, "mul"):
                continue
            found.append(inner)
            if product:
                stack.extend(self.peel(o) for o in reversed(inner.inputs))
        return found

    def _private(self, node: Node) -> bool:
        free = node not in self.named and node not in self.closed and node not in self.outputs
        return free and len(self.users[node]) == 1 and not isinstance(node.op, ops.Input)

    def _joins(self, host: Node, inner: Node) -> bool:
        if isinstance(host.op, ops.Reduce):
            return host.op.monoid == "sum" and _is_map(inner, "mul")
        if _is_map(host, "where"):
            return inner is self.peel(host.inputs[0]) and labels.is_comparison(inner)
        if _is_map(host, "div"):
            return inner is self.peel(host.inputs[0]) and self._is_mean(host, inner)
        shift = _is_map(inner, "add") or _is_map(inner, "mul")
        opened = [o for o in inner.inputs if o not in self.closed]
        plain = all(not o.axes for o in inner.inputs if o in self.closed)
        special = isinstance(host.op, ops.Map) and host.op.function.special and host.op.function.arity == 1
        return special and shift and plain and len(opened) == 1

    def _is_mean(self, host: Node, inner: Node) -> bool:
        if not isinstance(inner.op, ops.Reduce) or inner.op.monoid != "sum":
            return False
        count = Size.constant(1)
        for axis in inner.op.axes:
            count = count * axis.size
        return host.inputs[1] in self.closed and labels.expression(host.inputs[1]) == labels.size_text(count)

    # ---- labels

    def _label(self, host: Node, folded: list[Node], operands: tuple[Node, ...]) -> str:
        if isinstance(host.op, ops.Reduce):
            return self._reduction(host, folded, operands) if folded else labels.structural(host.op, {})
        if not isinstance(host.op, ops.Map):
            texts = {k: labels.expression(o) for k, o in enumerate(host.inputs) if o in self.closed}
            return labels.structural(host.op, texts)
        if folded and isinstance(folded[0].op, ops.Reduce):
            return " ".join(["mean", *(a.name for a in folded[0].op.axes)])
        name = host.op.function.name
        condition = host.inputs[0]
        holes = {n: labels.HOLE for n in walk([host]) if self.peel(n) in operands}
        if name == "where" and host.inputs[2] in self.closed and host.inputs[1] in holes:
            return labels.choice(labels.expression(condition, holes), labels.expression(host.inputs[2]))
        if name == "where" and condition in self.closed:
            rest = [labels.expression(o) if o in self.closed else None for o in host.inputs[1:]]
            if rest[0] is None:
                return labels.choice(labels.expression(condition), rest[1])
        peeled = [self.peel(o) for o in host.inputs]
        if not folded and name == "mul" and peeled == [operands[0]] * 2:
            return "square"
        if not folded and len(operands) == len(peeled) > 1:
            return _SIGNS.get(name, name)
        return labels.phrase(labels.expression(host, holes))

    def _reduction(self, host: Node, folded: list[Node], operands: tuple[Node, ...]) -> str:
        assert isinstance(host.op, ops.Reduce)
        names = " ".join(a.name for a in host.op.axes)
        read = [self.peel(o) for n in folded for o in n.inputs]
        factors = [f"× {labels.expression(o)}" for o in read if o in self.closed]
        if len(operands) > 1:
            return "\n".join([f"contract {names}", *factors])
        squares = ["square"] if len([o for o in read if o in operands]) == 2 else []
        return "\n".join([*squares, *factors, f"sum {names}"])

    # ---- assembly

    def _assembled(self, units: list[_Unit]) -> Graph:
        made: list[Node] = [n for unit in units for n in unit.results]
        number = {n: place for place, n in enumerate(made)}
        ends = {*self.diagram.inputs, *self.outputs}
        values = tuple(
            Value(n.axes, self.notes.value(n, n in ends), isinstance(n.op, ops.Stop)) for n in made
        )
        boxes = [_boxed(unit, number, self.notes) for unit in units]
        for place, name in enumerate(self.diagram.output_names):
            source, layout = self.peel(self.diagram.outputs[place]), self.diagram.layouts[place]
            # the writing order of the result is the order of its strands at the right edge
            title = "\n".join(filter(None, (str(layout), self.notes.bytes(layout))))
            values += (Value(_as_written(layout, source), title, values[number[source]].dashed),)
            boxes.append(GraphBox("output", name, (number[source],), (len(values) - 1,), title=str(layout)))
        return Graph(self.diagram.name, values, tuple(boxes))


def _as_written(layout: Array, source: Node) -> tuple[Axis, ...]:
    return layout.axes if set(layout.axes) == set(source.axes) else source.axes


def _boxed(unit: _Unit, number: Mapping[Node, int], notes: Notes) -> GraphBox:
    operands, results = tuple(number[o] for o in unit.operands), tuple(number[n] for n in unit.results)
    first = unit.nodes[0]
    if isinstance(first.op, ops.Input):
        kind = "input" if first.op.role == "tensor" else "parameter"
        return GraphBox(kind, first.op.name, (), results, title=str(first.array))
    around = in_order(a for n in (*unit.operands, *unit.results) for a in n.axes)
    kept = [set(n.axes) for n in (*unit.operands, *unit.results)]
    read, given = (set[Axis]().union(*kept[: len(operands)]), set[Axis]().union(*kept[len(operands) :]))
    touched = frozenset(a for a in around if a in unit.touched or a not in read or a not in given)
    title = notes.box(unit.label, unit.nodes, unit.results)
    opens = next((notes.opens[n] for n in unit.results if n in notes.opens), "")
    label = labels.wrapped(unit.label)
    return GraphBox("box", label, operands, results, touched, title, _commutes(unit.nodes), opens)


def _commutes(nodes: list[Node]) -> bool:
    """A sum of products, or a single commutative function."""
    maps = [n.op.function for n in nodes if isinstance(n.op, ops.Map)]
    rest = [n.op for n in nodes if not isinstance(n.op, ops.Map)]
    sums = all(isinstance(op, ops.Reduce) for op in rest) and len(rest) <= 1
    return sums and bool(maps) and len({f.name for f in maps}) == 1 and maps[0].commutative


def _source_label(node: Node) -> str:
    return f"index {node.axes[0]}" if isinstance(node.op, ops.Iota) else labels.expression(node)


def _is_map(node: Node, name: str) -> bool:
    return isinstance(node.op, ops.Map) and node.op.function.name == name


def _root(parent: dict[Node, Node], node: Node) -> Node:
    while parent[node] is not node:
        node = parent[node]
    return node
