"""`commutes primitive` and `commutes all up to n`: equations between the parallel paths that the diagram has.

The multigraph: a vertex for each source and each type, an edge for each column and each model of one input. An index
into an axis and an array along that axis are one vertex, unless a model takes such an index. A pair that starts at a
type is followed from every column of that type, and where there is none, along every path to it. The side that moves
less is the target: data, then what does not train. Indices are compared by `cross_entropy`, all else by `mse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diagc import limits
from diagc.check.equations import EquationBuilder
from diagc.core import ops
from diagc.core.diagram import Array, Node
from diagc.core.learning import Equation, Model
from diagc.core.multigraph import Edge, Pair, Path, TooManyPaths, parallel_pairs, paths, primitive
from diagc.diagnostics import Label, failure
from diagc.source import Span
from diagc.syntax import tree


def policy_equations(
    builder: EquationBuilder, item: tree.Policy, written: Sequence[Equation]
) -> list[Equation]:
    """The equations that a policy adds to those `written`. Raises E0520 for more than can be followed, and for none."""
    graph = _Graph(builder)
    edges = graph.edges()
    try:
        pairs = parallel_pairs(edges, item.limit)
        pairs = primitive(pairs) if item.kind == "primitive" else pairs
        starts = paths(edges, None)
    except TooManyPaths:
        raise failure(
            "E0520", f"the diagram has more than {limits.MAX_PAIRS:,} paths or pairs of parallel paths",
            Label(item.span), help="write `commutes primitive`, a smaller bound, or the equations themselves",
        ) from None  # fmt: skip
    known = {_sides(equation.prediction, equation.target) for equation in written}
    made: list[Equation] = []
    for first, second in _lifted(pairs, starts, edges):
        sides = sorted(((first, graph.rank(first)), (second, graph.rank(second))), key=lambda side: side[1])
        if not graph.trains(first) and not graph.trains(second):
            continue
        (target, _), (prediction, _) = sides
        equation = builder.build(
            graph.equation(item.span, prediction, target), f"{item.kind}_{len(made) + 1}"
        )
        if _sides(equation.prediction, equation.target) not in known:
            known.add(_sides(equation.prediction, equation.target))
            made.append(equation)
    if not made and not written:
        raise failure(
            "E0520", "the diagram has no parallel paths of which one trains", Label(item.span),
            help="write the equations themselves: `commute model(x) ~ y by mse`",
        )  # fmt: skip
    return made


def _sides(*sides: Node) -> frozenset[Node]:
    """The sides of an equation, whichever is the target, and whether or not it is stopped."""
    return frozenset(side.inputs[0] if isinstance(side.op, ops.Stop) else side for side in sides)


def _lifted(pairs: list[Pair], starts: dict[tuple[str, str], list[Path]], edges: list[Edge]) -> list[Pair]:
    """The pairs as pairs out of sources."""
    columns = [edge for edge in edges if edge.start.startswith(_SOURCE)]
    found: dict[Pair, None] = {}
    for first, second in pairs:
        start = first[0].start
        if start.startswith(_SOURCE):
            before: list[Path] = [()]
        else:
            before = [(edge,) for edge in columns if edge.end == start]
            before = before or [
                p for (s, e), ps in starts.items() for p in ps if s.startswith(_SOURCE) and e == start
            ]
        found.update({((*path, *first), (*path, *second)): None for path in before})
    return list(found)


_SOURCE = "source "


@dataclass(frozen=True, slots=True)
class _Graph:
    builder: EquationBuilder

    def edges(self) -> list[Edge]:
        """Columns, then models."""
        found = [
            Edge(f"{source.name}.{column.name}", f"{_SOURCE}{source.name}", self.vertex(column.array))
            for source in self.builder.sources
            for column in source.columns
        ]
        found += [
            Edge(m.name, self.vertex(m.domain[0]), self.vertex(m.codomain[0]))
            for m in self.builder.models.values()
            if len(m.domain) == 1 and len(m.codomain) == 1
        ]
        return found

    def vertex(self, array: Array) -> str:
        """What stands for a type: its axes, that of an index among them."""
        taken = {m.domain[0] for m in self.builder.models.values() if len(m.domain) == 1}
        axes = {axis.uid for axis in (*array.axes, *((array.index_of,) if array.index_of else ()))}
        index = f" in {array.index_of.uid}" if array.index_of is not None and array in taken else ""
        return " ".join(sorted(axes)) + index

    def trains(self, path: Path) -> bool:
        return any((model := self._model(edge)) is not None and model.mode == "train" for edge in path)

    def rank(self, path: Path) -> tuple[bool, bool, int]:
        """How much a side moves: the smaller is the target."""
        return self.trains(path), any(self._model(edge) is not None for edge in path), len(path)

    def _model(self, edge: Edge) -> Model | None:
        return self.builder.models.get(edge.name)

    def equation(self, span: Span, prediction: Path, target: Path) -> tree.Equation:
        """The equation as if it had been written."""
        last = self.builder.scope.locals.get(target[-1].name)
        index = isinstance(last, Node) and last.array.index_of is not None
        by = tree.Name("cross_entropy" if index else "mse", span=span)
        left, right = _term(prediction, span), _term(target, span)
        return tree.Equation(None, left, right, tree.Comparator(by, None, span=span), (), span=span)


def _term(path: Path, span: Span) -> tree.Expr:
    """The path as an expression: models called one after another on a column."""
    first, *models = path
    names = tuple(tree.Name(part, span=span) for part in first.name.split("."))
    made: tree.Expr = tree.Ref(tree.QName(names, span=span), span=span)
    for edge in models:
        callee = tree.QName((tree.Name(edge.name, span=span),), span=span)
        made = tree.Call(callee, None, (tree.Argument(None, made, span=span),), span=span)
    return made
