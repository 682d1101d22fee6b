"""Expressions to nodes: operators, names and pipes. Calls and indexing have rooms of their own.

Every operation is woven over the axes it does not consume, so that pointwise operators never fail on axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from diagc import limits
from diagc.check.context import Context, FunctionValue, Local, Poisoned
from diagc.check.scope import BUILTIN_AXES_CALLS, BUILTIN_CALLS, CONSTANTS, Module, too_large, unknown
from diagc.core import ops
from diagc.core.axes import Axis, Size, SizeLimit
from diagc.core.diagram import Node, apply, constant, node, size_node
from diagc.core.ops import POINTWISE
from diagc.diagnostics import DiagnosticError, Label, failure
from diagc.source import Span
from diagc.syntax import tree

_OPERATORS: Final = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floordiv", "%": "mod", "^": "pow", "and": "and", "or": "or",
    "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne",
}  # fmt: skip


@dataclass(slots=True)
class Body:
    """The names that are visible inside one expanded body.

    `axes` are formal axes with the actual axes they stand for; they hide the file's. `woven` are the axes that the
    caller's arguments have beyond the formal ones. `sizes` are what the symbols of a used file stand for, `bound` those
    of `axes` that are axes of the file. `read` has what expressions stand for that were read here before, where one
    scope reads them again.
    """

    module: Module
    context: Context
    axes: dict[str, Axis] = field(default_factory=dict[str, Axis])
    locals: dict[str, Local] = field(default_factory=dict[str, Local])
    woven: tuple[Axis, ...] = ()
    sizes: dict[str, Size] = field(default_factory=dict[str, Size])
    bound: dict[str, Axis] = field(default_factory=dict[str, Axis])
    path: str = ""
    read: dict[int, tuple[Node, ...]] | None = None
    call: Callable[[Body, tree.Call, tuple[Node, ...] | None], tuple[Node, ...]] | None = None
    scan: Callable[[Body, tree.Scan], tuple[Node, ...]] | None = None
    index: Callable[[Body, tree.Index], Node] | None = None
    parameter: Callable[[Body, tree.QName], Node] | None = None

    def find_axis(self, name: str) -> Axis | None:
        """The axis a name stands for: a formal one, else the file's."""
        found = self.axes.get(name) or self.module.axes.get(name)
        if found is not None and self.sizes and name not in self.axes:
            return self.context.axis_at(found, found.size.substitute(self.sizes))
        return found

    def find_size(self, name: str) -> Size | None:
        """The size that a name of a `size` declaration stands for."""
        if name not in self.module.sizes:
            return None
        symbol = self.module.symbol(name)
        return self.sizes.get(symbol, Size.symbol(symbol))

    def elsewhere(self, module: Module) -> Body:
        """A scope of another file with nothing bound, for the same entry."""
        return Body(
            module, self.context, path=self.path, call=self.call, scan=self.scan, index=self.index,
            parameter=self.parameter,
        )  # fmt: skip

    def axis(self, name: tree.Name) -> Axis:
        """The axis a name stands for; E0202 otherwise."""
        found = self.find_axis(name.text)
        if found is None:
            raise unknown("E0202", "axis", name, [*self.axes, *self.module.axes])
        return found

    def inner(self, locals: dict[str, Local]) -> Body:
        """The same scope with further names."""
        return replace(self, locals={**self.locals, **locals}, read=None)

    def value(self, expression: tree.Expr) -> Node:
        """The single array an expression stands for."""
        return single(self.values(expression), expression)

    def values(self, expression: tree.Expr) -> tuple[Node, ...]:
        """The arrays an expression stands for: several for a call of a `fn` with several results."""
        if self.read is not None and id(expression) in self.read:
            return self.read[id(expression)]
        with self.context.level(expression.span):
            try:
                made = self._values(expression)
            except SizeLimit as limit:
                raise too_large(limit, expression.span) from None
        for one in made:
            self.context.note(one, expression.span)
            if len(one.axes) > limits.MAX_RANK:
                raise too_many_axes(len(one.axes), expression.span)
        if self.read is not None:
            self.read[id(expression)] = made
        return made

    def _values(self, expression: tree.Expr) -> tuple[Node, ...]:
        assert self.call and self.scan and self.index
        match expression:
            case tree.Call():
                return self.call(self, expression, None)
            case tree.Pipe(value, callee, axes, args, attributes):
                first = self.values(value)
                call = tree.Call(callee, axes, args or (), attributes, span=expression.span)
                return self.call(self, call, first)
            case tree.Scan():
                return self.scan(self, expression)
            case tree.Index():
                return (self.index(self, expression),)
            case _:
                return (self._simple(expression),)

    def every(self, expressions: Iterable[tree.Expr]) -> list[tuple[Node, ...]]:
        """The values of several operands: all of their errors are found, not the first one's only."""
        found: list[tuple[Node, ...]] = []
        failed = False
        for expression in expressions:
            try:
                found.append(self.values(expression))
            except DiagnosticError as error:
                self.context.sink.extend(error.diagnostics)
                failed = True
            except Poisoned:
                failed = True
        if failed:
            raise Poisoned
        return found

    def _simple(self, expression: tree.Number | tree.Ref | tree.Unary | tree.Binary | tree.TupleExpr) -> Node:
        match expression:
            case tree.Number(_, value):
                return constant(value)
            case tree.Ref():
                return self._name(expression)
            case tree.Unary("-", tree.Number(_, value)):
                return constant(-value)
            case tree.Unary(operator, operand):
                value = self.value(operand)
                if operator == "not":
                    require_bool(operand, value, "not")
                if operator == "-" and isinstance(value.op, ops.Constant):
                    return constant(-value.op.value)
                return apply("neg" if operator == "-" else "not", value)
            case tree.Binary():
                return self._binary(expression)
            case tree.TupleExpr():
                raise failure(
                    "E0318",
                    "a tuple is no value",
                    Label(expression.span),
                    help="tuples are written as in `wrt = (Q, K)` only; several results are returned as `return a, b`",
                )

    def _binary(self, expression: tree.Binary) -> Node:
        sides = (expression.left, expression.right)
        left, right = (single(v, side) for v, side in zip(self.every(sides), sides, strict=True))
        name = _OPERATORS[expression.operator]
        for side, value in ((expression.left, left), (expression.right, right)):
            if name in ("and", "or"):
                require_bool(side, value, expression.operator)
            elif value.dtype.kind == "bool" and name not in ("eq", "ne", "mul"):
                raise failure(
                    "E0308",
                    f"`{expression.operator}` does not take a truth value",
                    Label(side.span, f"this is {value.array}"),
                    help="use `where(condition, a, b)` or `cast(condition, f32)`",
                )
            elif name in ("floordiv", "mod") and value.dtype.kind == "float":
                raise failure(
                    "E0308",
                    f"`{expression.operator}` is for integers",
                    Label(side.span, f"this is {value.array}"),
                    help="use `floor(a / b)` on floating-point numbers",
                )
        if name == "pow" and isinstance(right.op, ops.Constant) and right.op.value < 0:
            right = constant(float(right.op.value))  # a reciprocal of integers is a real number, as `/` is
        return apply(name, left, right)

    def _name(self, expression: tree.Ref) -> Node:
        name = expression.name
        if name.text in self.locals:
            found = self.locals[name.text]
            if found is None:
                raise Poisoned
            if isinstance(found, FunctionValue):
                raise failure(
                    "E0319",
                    f"`{name.text}` is a function, not a value",
                    Label(name.span),
                    help="call it with `(…)`",
                )
            return found
        axis = self.find_axis(name.text)
        if axis is not None:
            return node(ops.Iota(axis))
        size = self.find_size(name.text)
        if size is not None:
            return size_node(size)
        if name.text in CONSTANTS:
            return constant(CONSTANTS[name.text])
        return self._path(name)

    def _path(self, name: tree.QName) -> Node:
        """A parameter of an instance as a value, such as `enc.l1.W`."""
        if self.parameter is not None and len(name.parts) > 1 and name.parts[0].text in self.locals:
            return self.parameter(self, name)
        known = [*self.locals, *self.axes, *self.module.axes, *self.module.sizes, *CONSTANTS]
        functions = [*self.module.functions, *POINTWISE, *BUILTIN_AXES_CALLS, *BUILTIN_CALLS]
        if name.text in functions or self.module.find_function(name.text):
            raise failure(
                "E0319",
                f"`{name.text}` is a function, not a value",
                Label(name.span),
                help="call it with `(…)`",
            )
        raise unknown("E0201", "value", name, known)


def too_many_axes(count: int, span: Span) -> DiagnosticError:
    """E0804: an array of too many axes."""
    return failure(
        "E0804",
        f"this array has {count} axes; at most {limits.MAX_RANK} are allowed",
        Label(span),
        help="merge axes that are always used together: `X[(a b) -> ab]`",
    )


def single(values: tuple[Node, ...], expression: tree.Expr) -> Node:
    """The only value of an expression; E0313 when there are several."""
    if len(values) != 1:
        raise failure(
            "E0313",
            f"this call has {len(values)} results where one value is expected",
            Label(expression.span),
            help="unpack them first: `a, b = f(X)`",
        )
    return values[0]


def require_bool(expression: tree.Expr, value: Node, operator: str) -> None:
    """E0308 unless the value is a truth value."""
    if value.dtype.kind != "bool":
        raise failure(
            "E0308",
            f"`{operator}` takes truth values",
            Label(expression.span, f"this is {value.array}"),
            help="compare it with something, as in `a > 0`",
        )
