"""Canonical layout of a source: the tree and the comments stay, only spaces, line breaks and parentheses change.

The result is proved before it is returned: it parses to an equal tree, has the same comments, and is its own layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar, assert_never

from diagc.source import Source, Span
from diagc.syntax import tree
from diagc.syntax.comments import Comment, Margin
from diagc.syntax.document import Doc, Group, Hard, Line, Nest, layout
from diagc.syntax.format_terms import TermFormatter, axis_set, trailing
from diagc.syntax.parse import parse

WIDTH = 100

_HEADER = re.compile(r"diag(?:\s|#[^\n]*\n)*\d+")
_Unit = TypeVar("_Unit", bound=tree.Node)


class FormatError(RuntimeError):
    """A bug of the formatter: its output does not mean the same, or is not stable."""


def format_source(source: Source) -> str:
    """The text of a source in canonical layout. Raises `DiagnosticError` when it does not parse."""
    file = parse(source)
    text = _written(file, source)
    again = Source(source.name, text)
    file_again = parse(again)
    if file_again != file or sorted(Margin(again).all) != sorted(Margin(source).all):
        raise FormatError(f"the layout of {source.name} does not mean the same as its text")
    if _written(file_again, again) != text:
        raise FormatError(f"the layout of {source.name} is not stable")
    return text


def _written(file: tree.File, source: Source) -> str:
    return layout(_FileFormatter(Margin(source)).file(file), WIDTH)


class _FileFormatter(TermFormatter):
    """Documents of declarations, statements and whole files."""

    def file(self, file: tree.File) -> Doc:
        text = file.span.text
        start = next(found for found in _HEADER.finditer(text) if not _in_comment(text, found.start()))
        header = tree.Setting(tree.Name("diag"), file.version, span=Span(file.span.source, *start.span()))
        units: tuple[tree.Setting | tree.Item, ...] = (header, *file.items)
        return (self._lines(units, self._top, 0, file.span.end), "\n")

    def _top(self, unit: tree.Setting | tree.Item) -> Doc:
        return f"{unit.name.text} {unit.value}" if isinstance(unit, tree.Setting) else self._item(unit)

    # ---- lines

    def _lines(self, units: Sequence[_Unit], one: Callable[[_Unit], Doc], start: int, end: int) -> Doc:
        """Units on lines of their own with the comments between them; single empty lines are kept."""
        rows: list[tuple[int, int, Doc]] = []
        for unit in units:
            rows.extend(map(_row, self.margin.take(unit.span.start)))
            doc, start_of_unit = one(unit), unit.span.start
            within = self.margin.take(
                unit.span.end
            )  # comments at places that have no line of their own go before
            rows.extend((start_of_unit, start_of_unit, comment.text) for comment in within)
            after = self.margin.take_on_line(unit.span.end)
            stop = after[-1].end if after else unit.span.end
            rows.append((start_of_unit, stop, (doc, *map(trailing, after))))
        rows.extend(map(_row, self.margin.take(end)))
        parts: list[Doc] = []
        last = start
        for row_start, row_end, doc in rows:
            if parts:
                parts.append(Hard(blank=self.margin.newlines(last, row_start) > 1))
            parts.append(doc)
            last = max(last, row_end)
        return tuple(parts)

    def _block(self, span: Span, units: Sequence[_Unit], one: Callable[[_Unit], Doc], short: bool) -> Doc:
        """`{ … }` at the end of `span`, on one line only if it was so, `short` allows it and it fits."""
        closer = span.end - 1
        opener = self.margin.opener(closer)
        beside = self.margin.take_on_line(opener + 1)
        if short and not beside and units and self.margin.newlines(opener, closer) == 0:
            inside = tuple((Line("   " if number else " "), one(unit)) for number, unit in enumerate(units))
            return Group(("{", Nest(inside), Line(" "), "}"))
        lines = self._lines(units, one, beside[-1].end if beside else opener, closer)
        opened = ("{", *map(trailing, beside))
        if not lines:
            return (*opened, Hard() if beside else "", "}")
        return (*opened, Nest((Hard(), lines)), Hard(), "}")

    # ---- declarations

    def _item(self, item: tree.Item) -> Doc:
        match item:
            case tree.Use(path, _, alias):
                return f'use "{path}"' + ("" if alias is None else f" as {alias.text}")
            case tree.Sizes(names):
                return self._declared("size", names, _name)
            case tree.Axes(declarations):
                return self._declared("axis", declarations, self._axis)
            case tree.Fn():
                return self._fn(item)
            case tree.Alias(name, term):
                return (f"fn {name.text} = ", self.term(term))
            case tree.Schedule(entry, machine, settings):
                head = f'schedule {entry.text} on "{machine}" '
                return (head, self._block(item.span, settings, _decision, short=True))
            case tree.Learning(name, items):
                return (
                    f"learning {name.text} ",
                    self._block(item.span, items, self._learning_item, short=False),
                )
            case tree.Glue(name, parts, over):
                return f"learning {name.text} = glue {_names(parts)} over {_names(over)}"
            case tree.Design(name, items):
                return (f"design {name.text} ", self._block(item.span, items, self._design_item, short=False))
            case _:
                assert_never(item)

    def _declared(self, keyword: str, items: Sequence[_Unit], one: Callable[[_Unit], Doc]) -> Doc:
        return Group((f"{keyword} ", Nest(self.listed(items, one))))

    def _axis(self, declaration: tree.AxisDecl) -> Doc:
        name = declaration.name.text
        return name if declaration.size is None else (f"{name}: ", self.expression(declaration.size))

    def _fn(self, fn: tree.Fn) -> Doc:
        head = f"fn {fn.name.text}{axis_set(fn.axis_params)}"
        params = self.bracketed(f"{head}(", fn.params, self.parameter)
        arrow = "" if fn.results is None else (" -> ", self.results(fn.results))
        result = tree.TupleExpr(fn.returns, span=self._return_span(fn))
        units: tuple[tree.Statement | tree.TupleExpr, ...] = (*fn.body, result)
        return (params, arrow, " ", self._block(fn.span, units, self._statement, short=not fn.body))

    def _return_span(self, fn: tree.Fn) -> Span:
        """From the word `return` to the end of the last result."""
        source, values = fn.span.source, fn.returns[0].span.to(fn.returns[-1].span)
        earliest = fn.body[-1].span.end if fn.body else self.margin.opener(fn.span.end - 1)
        start = earliest
        for found in re.finditer(r"#[^\n]*|\breturn\b", source.text[earliest : values.start]):
            if found.group() == "return":
                start = earliest + found.start()
        return Span(source, start, _closed(source.text, values.end))

    # ---- statements

    def _statement(self, statement: tree.Statement | tree.TupleExpr) -> Doc:
        match statement:
            case tree.Let(names, type_, value):
                annotation = "" if type_ is None else (": ", self.type(type_))
                return (_names(names), annotation, " = ", self.expression(value))
            case tree.ParamDecl(name, type_, init):
                return (
                    f"param {name.text}: ",
                    self.type(type_),
                    f" ~ {init.name.text}",
                    self.arguments(init.args),
                )
            case tree.ModelDecl(name, term):
                return (f"model {name.text} = ", self.term(term))
            case tree.TupleExpr(values):
                several = self.listed(values, self.expression)
                return ("return ", Group(Nest(several)) if len(values) > 1 else several)
            case _:
                assert_never(statement)

    # ---- learning diagrams

    def _learning_item(self, item: tree.LearningItem) -> Doc:
        match item:
            case tree.SourceDecl(name, columns):
                return self._source(name, columns)
            case tree.Model():
                return self._model(item)
            case tree.Ema(name, of, decay):
                return f"ema {name.text} of {of.text} decay {decay.text}"
            case tree.Equation():
                return self._equation(item)
            case tree.Policy(kind, limit):
                return f"commutes {kind}" + ("" if limit is None else f" up to {limit}")
            case tree.Optimise(optimisers):
                return self._declared("optimise", optimisers, self._optimiser)
            case tree.Setting(name, value):
                return f"{name.text} {value}"
            case _:
                assert_never(item)

    def _source(self, name: tree.Name, columns: tuple[tree.ColumnDecl, ...]) -> Doc:
        inside = self.listed(columns, self._column, self.margin.closer(columns[-1].span.end))
        return Group((f"source {name.text} {{", Nest((Line(" "), inside)), Line(" "), "}"))

    def _column(self, column: tree.ColumnDecl) -> Doc:
        written = () if column.type is None else (": ", self.type(column.type))
        if column.drawn is None:
            return (column.name.text, written)
        return (column.name.text, written, f" ~ {column.drawn.name.text}", self.arguments(column.drawn.args))

    def _model(self, model: tree.Model) -> Doc:
        if len(model.domain) == 1:
            domain = self.type(model.domain[0])
        else:
            domain = self.bracketed("(", model.domain, self.type)
        head = (f"{model.mode} {model.name.text}: ", domain, " -> ", self.results(model.codomain))
        weights = "" if model.weights is None else f' from "{model.weights}"'
        match model.implementation:
            case None:
                return (head, weights)
            case tree.PythonModel(target, args):
                return (head, f' = python "{target}"', self.arguments(args), weights)
            case tree.Weave() | tree.Instance() as term:
                return (head, " = ", self.term(term), weights)
            case _:
                assert_never(model.implementation)

    def _equation(self, equation: tree.Equation) -> Doc:
        label = "" if equation.label is None else f"{equation.label.text}: "
        prediction, target = self.expression(equation.prediction), self.expression(equation.target)
        comparator = self._comparator(equation.comparator)
        options = tuple((Line(" "), self._option(option)) for option in equation.options)
        sides = (f"commute {label}", prediction, " ~ ", target)
        return Group((sides, Nest((Line(" "), "by ", comparator, options))))

    def _comparator(self, comparator: tree.Comparator) -> Doc:
        return (comparator.name.text, self.arguments(comparator.args))

    def _option(self, option: tree.EquationOption) -> Doc:
        match option:
            case tree.Weight(value):
                written = value.text if isinstance(value, tree.Number) else self._comparator(value)
                return ("weight ", written)
            case tree.Updates(models):
                return f"updates {_names(models)}"
            case tree.Against(model):
                return f"against {model.text}"
            case tree.Mask(column):
                return f"mask {column.text}"
            case _:
                assert_never(option)

    def _optimiser(self, optimiser: tree.Optimiser) -> Doc:
        model = "" if optimiser.model is None else f"{optimiser.model.text} "
        return (f"{model}by ", self._comparator(optimiser.method))

    # ---- design problems

    def _design_item(self, item: tree.DesignItem | tree.ComponentItem) -> Doc:
        match item:
            case tree.Poset(name, chains):
                return (f"poset {name.text}: ", self.listed(chains, _chain))
            case tree.Component(name, items):
                head = f"component {name.text} "
                return (head, self._block(item.span, items, self._design_item, short=False))
            case tree.Ports(side, ports):
                return self._declared(side, ports, self._port)
            case tree.Choice(name, values):
                return (f"choice {name.text} = ", self.expression(values))
            case tree.Rows(path):
                return f'from "{path}"'
            case tree.Ensure(condition):
                return ("ensure ", self.expression(condition))
            case _:
                assert_never(item)

    def _port(self, port: tree.Port) -> Doc:
        value = "" if port.value is None else (" = ", self.expression(port.value))
        return (f"{port.name.text}: {port.poset.text}", self.attributes(port.attributes), value)


def _chain(chain: tree.Chain) -> Doc:
    words = [chain.elements[0].text]
    for sign, element in zip(chain.signs, chain.elements[1:], strict=True):
        words += [sign, element.text]
    return " ".join(words)


def _decision(setting: tree.Tile | tree.Option | tree.Stages) -> Doc:
    match setting:
        case tree.Tile(kind, axes, size):
            return f"{kind.text}{axis_set(axes)} = {size}"
        case tree.Option(name, value):
            return f"{name.text} = {value}"
        case tree.Stages(kind, arrays, count):
            return f"{kind.text} {_names(arrays)} = {count}"
        case _:
            assert_never(setting)


def _name(name: tree.Name) -> Doc:
    return name.text


def _names(names: tuple[tree.Name, ...]) -> str:
    return ", ".join(name.text for name in names)


def _row(comment: Comment) -> tuple[int, int, Doc]:
    return comment.start, comment.end, comment.text


def _in_comment(text: str, place: int) -> bool:
    return "#" in text[text.rfind("\n", 0, place) + 1 : place]


def _closed(text: str, end: int) -> int:
    """The end of an expression including the parentheses that close around it."""
    while found := re.match(r"\s*\)", text[end:]):
        end += found.end()
    return end
