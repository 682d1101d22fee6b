"""Canonical layout of expressions, types and terms, with the fewest parentheses that keep the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar, assert_never

from diagc.syntax import tree
from diagc.syntax.comments import Comment, Margin
from diagc.syntax.document import Doc, Group, Hard, Line, Nest, Trailing

_Item = TypeVar("_Item", bound=tree.Node)

_PIPE: Final = 0
_NOT: Final = 3
_SIGN: Final = 7
_POWER: Final = 8
_POSTFIX: Final = 9
_BINARY: Final[dict[tree.BinaryOperator, int]] = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "//", "%"), 6),
    "^": _POWER,
}


class TermFormatter:
    """Documents of terms. They are asked for in the order of the text, because comments are placed on the way."""

    def __init__(self, margin: Margin) -> None:
        self.margin = margin

    # ---- lists

    def bracketed(
        self, opening: str, items: Sequence[_Item], one: Callable[[_Item], Doc], closing: str = ")"
    ) -> Doc:
        """`opening a, b closing`: all on one line, or one item on each."""
        if not items:
            return opening + closing
        inside = self.listed(items, one, self.margin.closer(items[-1].span.end))
        return Group((opening, Nest((Line(""), inside)), Line(""), closing))

    def listed(self, items: Sequence[_Item], one: Callable[[_Item], Doc], end: int | None = None) -> Doc:
        """Items separated by commas; comments up to `end` keep their place between them."""
        parts: list[Doc] = []
        for number, item in enumerate(items):
            if number:
                parts.append(",")
                parts.extend(map(trailing, self.margin.take_on_line(items[number - 1].span.end)))
                parts.append(Line(" "))
            parts.extend((comment.text, Hard()) for comment in self.margin.take(item.span.start))
            parts.append(one(item))
        if end is not None:
            parts.extend(map(trailing, self.margin.take_on_line(items[-1].span.end)))
            parts.extend((Hard(), comment.text) for comment in self.margin.take(end))
        return tuple(parts)

    def arguments(self, args: tuple[tree.Argument, ...] | None) -> Doc:
        return "" if args is None else self.bracketed("(", args, self.argument)

    def argument(self, argument: tree.Argument) -> Doc:
        value = self.expression(argument.value)
        return value if argument.name is None else (f"{argument.name.text} = ", value)

    # ---- expressions

    def expression(self, expr: tree.Expr, level: int = _PIPE) -> Doc:
        """An expression where the grammar wants one that binds at least as tightly as `level`."""
        if precedence(expr) < level:
            return Group(("(", Nest((Line(""), self._bare(expr))), Line(""), ")"))
        return self._bare(expr)

    def _bare(self, expr: tree.Expr) -> Doc:
        match expr:
            case tree.Number(text):
                return text
            case tree.Ref(name):
                return name.text
            case tree.Unary(operator, operand):
                return (
                    ("-", self.expression(operand, _SIGN))
                    if operator == "-"
                    else ("not ", self._negated(operand))
                )
            case tree.Binary():
                return self._binary(expr)
            case tree.Pipe():
                return self._pipe(expr)
            case tree.Call():
                head = expr.callee.text + axis_set(expr.axes)
                return (head, self.arguments(expr.args), self.attributes(expr.attributes))
            case tree.Scan():
                return self._scan(expr)
            case tree.Index():
                return self._index(expr)
            case tree.TupleExpr(items):
                return self.bracketed("(", items, self.expression)
            case _:
                assert_never(expr)

    def _negated(self, operand: tree.Expr) -> Doc:
        return self.expression(operand, _NOT)

    def _binary(self, expr: tree.Binary) -> Doc:
        """A chain of operators of one level: broken before each of them, or not at all."""
        level = _BINARY[expr.operator]
        if expr.operator == "^":
            return (self.expression(expr.left, _POSTFIX), " ^ ", self.expression(expr.right, _SIGN))
        first: tree.Expr = expr
        tail: list[tree.Binary] = []
        while (
            isinstance(first, tree.Binary) and _BINARY[first.operator] == level and (not tail or level != 4)
        ):
            tail.append(first)
            first = first.left
        head = self.expression(first, level + 1)
        rest = tuple(
            (Line(" "), link.operator, " ", self.expression(link.right, level + 1)) for link in reversed(tail)
        )
        return Group((head, Nest(rest)))

    def _pipe(self, expr: tree.Pipe) -> Doc:
        first: tree.Expr = expr
        tail: list[tree.Pipe] = []
        while isinstance(first, tree.Pipe):
            tail.append(first)
            first = first.value
        head = self.expression(first, _PIPE + 1)
        rest = tuple(
            (
                Line(" "),
                f"|> {link.callee.text}{axis_set(link.axes)}",
                self.arguments(link.args),
                self.attributes(link.attributes),
            )
            for link in reversed(tail)
        )
        return Group((head, Nest(rest)))

    def _scan(self, expr: tree.Scan) -> Doc:
        states = self.listed(expr.states, self.argument)
        steps = self.listed(expr.steps, self.expression, self.margin.closer(expr.steps[-1].span.end))
        head = f"{expr.callee.text}{axis_set(expr.axes)}("
        return Group((head, Nest((Line(""), states, ";", Line(" "), steps)), Line(""), ")"))

    def _index(self, expr: tree.Index) -> Doc:
        base = self.expression(expr.base, _POSTFIX)
        if isinstance(expr.base, tree.Call) and expr.base.attributes:
            base = ("(", base, ")")
        return (base, self.bracketed("[", expr.entries, self._entry, "]"))

    def _entry(self, entry: tree.Reindex | tree.Split | tree.Merge) -> Doc:
        match entry:
            case tree.Reindex(axis, target, fill):
                main = (f"{axis.text} -> ", self.expression(target))
                return main if fill is None else (main, " else ", self.expression(fill))
            case tree.Split(axis, factors):
                return f"{axis.text} -> ({words(factors)})"
            case tree.Merge(factors, axis):
                return f"({words(factors)}) -> {axis.text}"
            case _:
                assert_never(entry)

    # ---- types and terms

    def attributes(self, attributes: tuple[tree.Attribute, ...]) -> Doc:
        return tuple(
            (f" @{one.name.text}{axis_set(one.axes)}", self.arguments(one.args)) for one in attributes
        )

    def type(self, type_: tree.Type) -> Doc:
        index = "" if type_.index_of is None else f" in {type_.index_of.text}"
        return (type_.dtype.text + axis_set(type_.axes) + index, self.attributes(type_.attributes))

    def parameter(self, parameter: tree.Parameter) -> Doc:
        if parameter.type is None:
            return parameter.name.text
        return (f"{parameter.name.text}: ", self.type(parameter.type))

    def results(self, results: tuple[tree.Result, ...]) -> Doc:
        if results[0].name is None:
            return self.type(results[0].type)
        return self.bracketed("(", results, self._result)

    def _result(self, result: tree.Result) -> Doc:
        return ("" if result.name is None else f"{result.name.text}: ", self.type(result.type))

    def term(self, term: tree.FnTerm) -> Doc:
        match term:
            case tree.Weave(axes, inner):
                return (f"weave{axis_set(axes)} ", self.term(inner))
            case tree.Instance(name, axes, args):
                return (name.text + axis_set(axes), self.arguments(args))
            case _:
                assert_never(term)


def precedence(expr: tree.Expr) -> int:
    """How tightly the outermost operator of an expression binds; names, calls and brackets bind most tightly."""
    match expr:
        case tree.Pipe():
            return _PIPE
        case tree.Binary(operator):
            return _BINARY[operator]
        case tree.Unary(operator):
            return _SIGN if operator == "-" else _NOT
        case tree.Number() | tree.Ref() | tree.Call() | tree.Scan() | tree.Index() | tree.TupleExpr():
            return _POSTFIX
        case _:
            assert_never(expr)


def axis_set(axes: tuple[tree.Name, ...] | None) -> str:
    """`[a b]`, or nothing when no brackets were written."""
    return "" if axes is None else f"[{words(axes)}]"


def words(names: tuple[tree.Name, ...]) -> str:
    return " ".join(name.text for name in names)


def trailing(comment: Comment) -> Doc:
    return Trailing(comment.text)
