"""Names of a file and what they stand for: every occurrence leads to one declaration.

>>> from diagc.source import Source
>>> from diagc.syntax.parse import parse
>>> text = "diag 1 axis q fn f(X: f32[q]) -> f32 { return sum[q](X) }"
>>> found = symbols(parse(Source("a.diag", text)))
>>> [span.start for span in found.at(12).occurrences]
[12, 26, 50]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

from diagc.check.binding import below
from diagc.source import Span
from diagc.syntax import tree

_LABELS: Final[dict[type, frozenset[str]]] = {
    tree.Argument: frozenset({"name"}), tree.Type: frozenset({"dtype"}), tree.Attribute: frozenset({"name"}),
    tree.Option: frozenset({"name"}), tree.Tile: frozenset({"kind"}), tree.Stages: frozenset({"kind", "arrays"}),
    tree.Init: frozenset({"name"}), tree.Result: frozenset({"name"}), tree.Setting: frozenset({"name"}),
    tree.Policy: frozenset({"kind"}), tree.ColumnDecl: frozenset({"name"}),
    tree.Port: frozenset({"name", "attributes"}), tree.Chain: frozenset({"elements"}), tree.Ports: frozenset({"side"}),
}  # fmt: skip
"""Parts that are words of the language or labels of something else, and stand for nothing in the file."""

_FILE: Final[dict[type, str]] = {
    tree.Fn: "fn", tree.Alias: "fn", tree.Learning: "learning", tree.Glue: "learning", tree.AxisDecl: "axis",
    tree.Design: "design",
}  # fmt: skip
_LOCAL: Final[dict[type, str]] = {
    tree.Parameter: "parameter", tree.ParamDecl: "param", tree.ModelDecl: "model", tree.Model: "model",
    tree.Ema: "model", tree.SourceDecl: "source", tree.Equation: "equation",
    tree.Component: "component", tree.Poset: "poset", tree.Choice: "choice",
}  # fmt: skip


@dataclass(slots=True)
class Symbol:
    """A declared name: what it is, the declaration that it stands in, and everywhere it is written, in order."""

    name: str
    kind: str
    declared: Span
    node: object
    occurrences: list[Span] = field(default_factory=list[Span])


@dataclass(slots=True)
class Symbols:
    """All names of a file."""

    places: list[tuple[Span, Symbol]] = field(default_factory=list[tuple[Span, Symbol]])
    free: list[Span] = field(default_factory=list[Span])
    """Names that the file does not declare: functions of the library, words of the language."""

    def at(self, offset: int) -> Symbol | None:
        """What the name at a place stands for."""
        return next((symbol for span, symbol in self.places if span.start <= offset <= span.end), None)

    def free_at(self, offset: int) -> str | None:
        return next((span.text for span in self.free if span.start <= offset <= span.end), None)


_SCOPES: Final = (tree.Fn, tree.Learning, tree.Design)
_Scope = dict[str, Symbol]
_Calls = tree.Instance | tree.Call | tree.Pipe


def symbols(file: tree.File) -> Symbols:
    """The names of a parsed file."""
    found = Symbols()
    outer: _Scope = {}
    for item in file.items:
        for name, kind, node in _declared_by(item):
            outer.setdefault(name.text, Symbol(name.text, kind, name.span, node))
    inner = {item.name.text: _locals(item) for item in file.items if isinstance(item, _SCOPES)}
    for item in file.items:
        scopes = [inner[item.name.text]] if isinstance(item, _SCOPES) else []
        _visit(item, [*scopes, outer], found)
        _keywords(item, inner, found)
    for _, symbol in found.places:
        symbol.occurrences = sorted(
            {s for s, other in found.places if other is symbol}, key=lambda s: s.start
        )
    return found


def _declared_by(item: object) -> Iterator[tuple[tree.Name, str, object]]:
    """The names that an item of the file declares."""
    match item:
        case tree.Sizes(names):
            yield from ((name, "size", item) for name in names)
        case tree.Axes(declarations):
            yield from ((one.name, "axis", one) for one in declarations)
        case tree.Use(alias=alias) if alias is not None:
            yield alias, "file", item
        case (
            tree.Fn(name=name)
            | tree.Alias(name=name)
            | tree.Learning(name=name)
            | tree.Glue(name=name)
            | tree.Design(name=name)
        ):
            yield name, _FILE[type(item)], item
        case _:
            pass


def _locals(item: tree.Fn | tree.Learning | tree.Design) -> _Scope:
    """What is declared inside of a function or learning diagram; a name that is given again is the same."""
    scope: _Scope = {}

    def declare(name: tree.Name, kind: str, node: object) -> None:
        scope.setdefault(name.text, Symbol(name.text, kind, name.span, node))

    if isinstance(item, tree.Fn):
        for axis in item.axis_params or ():
            declare(axis, "axis", item)
    for part in below(item):
        if isinstance(part, tree.Let):
            for name in part.names:
                declare(name, "value", part)
        elif type(part) in _LOCAL and (name := getattr(part, "name", None) or getattr(part, "label", None)):
            declare(name, _LOCAL[type(part)], part)
    return scope


def _keywords(item: object, inner: dict[str, _Scope], found: Symbols) -> None:
    """Arguments by name, which are names of the function that is called."""
    for call in below(item):
        if isinstance(call, _Calls):
            callee = call.name if isinstance(call, tree.Instance) else call.callee
            scope = inner.get(callee.parts[0].text, {}) if len(callee.parts) == 1 else {}
            for argument in call.args or ():
                if argument.name is not None and argument.name.text in scope:
                    found.places.append((argument.name.span, scope[argument.name.text]))


def _visit(node: Any, scopes: list[_Scope], found: Symbols) -> None:
    """Look up every name below a node."""
    if isinstance(node, tuple):
        for part in node:  # pyright: ignore[reportUnknownVariableType]
            _visit(part, scopes, found)
    elif isinstance(node, tree.Name):
        symbol = next((scope[node.text] for scope in scopes if node.text in scope), None)
        if symbol is None:
            found.free.append(node.span)
        else:
            found.places.append((node.span, symbol))
    elif isinstance(node, tree.QName):
        _visit(node.parts[:1], scopes, found)
    elif is_dataclass(node) and not isinstance(node, Span):
        if isinstance(node, tree.Scan):
            states = [s.name for s in node.states if s.name is not None]
            scopes = [{n.text: Symbol(n.text, "state", n.span, node) for n in states}, *scopes]
            _visit(tuple(states), scopes, found)
        skipped = _LABELS.get(type(node), frozenset[str]())
        for part in fields(node):
            if part.name != "span" and part.name not in skipped:
                _visit(getattr(node, part.name), scopes, found)
