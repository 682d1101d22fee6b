"""The textual form of a diagram: one node per line, operands before users.

    diagram "f"
    axis q = {q}
    axis d = {64}
    %0 = input name="X" role="tensor" : f32[q d]
    %1 = reduce monoid="sum" axes=('d) %0 : f32[q]
    return "out" %1 : f32[q]
    end

Values of fields: `'axis`, `{size}`, `<coordinate>`, `(tuple)`, JSON numbers and strings, names of dtypes and of scalar
functions, `@n` for the body of a scan, printed before the node. Because nodes are hash-consed, the parsed diagram has
the very nodes of the printed one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from typing import Any, Final, NoReturn, cast

from diagc.core import ops
from diagc.core.axes import ONE, Axis, Coordinate, Size
from diagc.core.diagram import Array, Diagram, Node, node, walk
from diagc.core.dtypes import DType

OPERATORS: Final[dict[str, type[ops.Operator]]] = {
    kind.__name__.lower(): kind
    for kind in (
        ops.Input, ops.Constant, ops.SizeOf, ops.Iota, ops.Map, ops.Cast, ops.Stop, ops.Reduce, ops.View, ops.Gather,
        ops.Spread, ops.Cumulative, ops.Scan, ops.Concat, ops.TopK, ops.Random, ops.Foreign,
    )
}  # fmt: skip

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?(?:Infinity\b|NaN\b|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))"""
    r"""|(?P<node>%\d+)|(?P<body>@\d+)|(?P<axis>'[^\s()\[\]{}<>=*+]+)|(?P<word>[A-Za-z_][\w.#]*)|(?P<mark>//|->|\S))"""
)
_DTYPES: Final = {dtype.value: dtype for dtype in DType}


class DiagramSyntaxError(ValueError):
    """A text is no printed diagram; the message names the line."""


# ---- printing


def print_diagram(diagram: Diagram) -> str:
    """The textual form, ending with a line break."""
    return "".join(f"{line}\n" for line in _Printer(diagram).lines())


class _Printer:
    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        order = dict.fromkeys((*diagram.inputs, *walk(diagram.outputs)))
        self.numbers = {current: number for number, current in enumerate(order)}
        self.bodies: dict[Diagram, int] = {}

    def lines(self) -> list[str]:
        diagram = self.diagram
        rows = [f"diagram {json.dumps(diagram.name)}"]
        every = (*diagram.axes, *(axis for array in diagram.layouts for axis in array.axes))
        indices = [n.array.index_of for n in self.numbers if n.array.index_of] + [
            t.index_of for t in diagram.layouts if t.index_of
        ]
        rows += [f"axis {axis.uid} = {{{axis.size}}}" for axis in dict.fromkeys((*every, *indices))]
        nodes: list[str] = []
        for current, number in self.numbers.items():
            if isinstance(current.op, ops.Scan) and current.op.body not in self.bodies:
                self.bodies[current.op.body] = len(self.bodies)
                nodes.append(f"@{self.bodies[current.op.body]} =")
                nodes += [f"  {line}" for line in _Printer(current.op.body).lines()]
            nodes.append(f"%{number} = {self._node(current)}")
        for name, result, layout in zip(diagram.output_names, diagram.outputs, diagram.layouts, strict=True):
            nodes.append(f"return {json.dumps(name)} %{self.numbers[result]} : {_type(layout)}")
        return [*rows, *nodes, "end"]

    def _node(self, current: Node) -> str:
        values = ((part.name, getattr(current.op, part.name)) for part in fields(current.op))
        written = [f"{name}={self._value(value)}" for name, value in values if value is not None]
        operands = [f"%{self.numbers[operand]}" for operand in current.inputs]
        return " ".join([type(current.op).__name__.lower(), *written, *operands, ":", _type(current.array)])

    def _value(self, value: object) -> str:
        match value:
            case Axis(uid):
                return f"'{uid}"
            case Size():
                return f"{{{value}}}"
            case Coordinate():
                return f"<{_coordinate(value)}>"
            case DType():
                return value.value
            case ops.Pointwise(name):
                return name
            case Diagram():
                return f"@{self.bodies[value]}"
            case tuple():
                return f"({' '.join(map(self._value, cast(tuple[object, ...], value)))})"
            case _:
                return json.dumps(value)


def _type(array: Array) -> str:
    bundle = " ".join(axis.uid for axis in array.axes)
    return f"{array.dtype.value}[{bundle}]" + (f" in {array.index_of.uid}" if array.index_of else "")


def _coordinate(coordinate: Coordinate) -> str:
    parts = [f"{{{coefficient}}} * '{axis.uid}" for axis, coefficient in coordinate.terms]
    text = " + ".join([*parts, f"{{{coordinate.offset}}}"])
    if coordinate.divisor != ONE:
        text += f" // {{{coordinate.divisor}}}"
    return text if coordinate.modulus is None else f"{text} % {{{coordinate.modulus}}}"


# ---- parsing


def parse_diagram(text: str) -> Diagram:
    """The diagram of a printed text. Raises `DiagramSyntaxError`; nodes are typed anew and compared with the text."""
    reader = _Reader([line for line in text.splitlines() if line.strip()])
    found = reader.diagram()
    if reader.line < len(reader.rows):
        reader.fail("text after the end")
    return found


@dataclass(slots=True)
class _Reader:
    """Reads lines; `tokens` are what is left of the current one."""

    rows: list[str]
    line: int = 0
    tokens: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def fail(self, message: str) -> NoReturn:
        raise DiagramSyntaxError(f"line {self.line}: {message}")

    def next_line(self) -> None:
        if self.line >= len(self.rows):
            self.fail("`end` is missing")
        found = list(_TOKEN.finditer(self.rows[self.line].rstrip()))
        self.tokens = [(str(m.lastgroup), m[str(m.lastgroup)]) for m in found]
        self.line += 1

    def take(self, kind: str | None = None, text: str | None = None) -> str:
        """The next token, of a kind and a text where they are given."""
        if not self.tokens:
            self.fail("the line ends too early")
        found = self.tokens.pop(0)
        if kind not in (None, found[0]) or text not in (None, found[1]):
            self.fail(f"`{text or kind}` expected, `{found[1]}` found")
        return found[1]

    def peek(self) -> tuple[str, str]:
        return self.tokens[0] if self.tokens else ("end", "")

    def diagram(self) -> Diagram:
        self.next_line()
        self.take("word", "diagram")
        return _Scope(self).read(json.loads(self.take("string")))

    def size(self) -> Size:
        """`{n - 2 * k ^ 2 + 1}`."""
        self.take("mark", "{")
        total = Size()
        while self.peek()[1] != "}":
            sign = -1 if self.peek()[1].startswith("-") else 1
            if self.peek()[1] in ("+", "-"):
                self.take()
            total = total + self._monomial(sign)
        self.take("mark", "}")
        return total

    def _monomial(self, sign: int) -> Size:
        product = Size.constant(sign)
        while True:
            kind, text = self.peek()
            self.take()
            if kind == "number":
                product = product * abs(int(text))
            elif kind == "word":
                power = 1
                if self.peek()[1] == "^":
                    self.take()
                    power = int(self.take("number"))
                for _ in range(power):
                    product = product * Size.symbol(text)
            else:
                self.fail(f"`{text}` in a size")
            if self.peek()[1] != "*":
                return product
            self.take()


@dataclass(slots=True)
class _Scope:
    """The axes, nodes and bodies of the diagram that is being read."""

    reader: _Reader
    axes: dict[str, Axis] = field(default_factory=dict[str, Axis])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    bodies: dict[str, Diagram] = field(default_factory=dict[str, Diagram])

    def read(self, name: str) -> Diagram:
        reader = self.reader
        results: list[tuple[str, Node, Array]] = []
        while True:
            reader.next_line()
            kind, text = reader.peek()
            reader.take()
            match kind, text:
                case "word", "end":
                    break
                case "word", "axis":
                    uid = reader.take("word")
                    reader.take("mark", "=")
                    self.axes[uid] = Axis(uid, reader.size())
                case "word", "return":
                    results.append((json.loads(reader.take("string")), self._operand(), self._type()))
                case "body", _:
                    self.bodies[text] = reader.diagram()
                case "node", _:
                    reader.take("mark", "=")
                    self.nodes[text] = self._node()
                case _:
                    reader.fail(f"`{text}` starts no line")
        inputs = tuple(n for n in self.nodes.values() if isinstance(n.op, ops.Input))
        names, outputs, layouts = zip(*results, strict=True) if results else ((), (), ())
        return Diagram(name, inputs, outputs, names, layouts)

    def _operand(self) -> Node:
        number = self.reader.take("node")
        if number not in self.nodes:
            self.reader.fail(f"`{number}` is not defined above")
        return self.nodes[number]

    def _node(self) -> Node:
        reader = self.reader
        word = reader.take("word")
        if word not in OPERATORS:
            reader.fail(f"no operator is called `{word}`")
        written: dict[str, Any] = {}
        while reader.peek()[0] == "word":
            key = reader.take()
            reader.take("mark", "=")
            written[key] = self._value()
        operands: list[Node] = []
        while reader.peek()[0] == "node":
            operands.append(self._operand())
        array = self._type()
        try:
            op = OPERATORS[word](**written)
        except TypeError as error:
            reader.fail(str(error))
        if isinstance(op, ops.Input):
            return node(op, array=array)
        made = node(op, *operands)
        if made.array != array:
            reader.fail(f"the type is {made.array}, not {array}")
        return made

    def _type(self) -> Array:
        reader = self.reader
        reader.take("mark", ":")
        word = reader.take("word")
        if word not in _DTYPES:
            reader.fail(f"no dtype is called `{word}`")
        reader.take("mark", "[")
        axes: list[Axis] = []
        while reader.peek()[1] != "]":
            axes.append(self._axis(reader.take("word")))
        reader.take("mark", "]")
        index_of = None
        if reader.peek()[1] == "in":
            reader.take()
            index_of = self._axis(reader.take("word"))
        return Array(_DTYPES[word], tuple(axes), index_of)

    def _axis(self, uid: str) -> Axis:
        if uid not in self.axes:
            self.reader.fail(f"no axis is called `{uid}`")
        return self.axes[uid]

    def _value(self) -> object:
        reader = self.reader
        kind, text = reader.peek()
        match kind, text:
            case (("string" | "number"), _):
                return json.loads(reader.take())
            case "axis", _:
                return self._axis(reader.take()[1:])
            case "body", _:
                return self.bodies[reader.take()]
            case "mark", "{":
                return reader.size()
            case "mark", "<":
                return self._coordinate()
            case "mark", "(":
                return self._tuple()
            case "word", ("true" | "false"):
                return reader.take() == "true"
            case "word", _ if text in _DTYPES:
                return _DTYPES[reader.take()]
            case "word", _ if text in ops.POINTWISE:
                return ops.POINTWISE[reader.take()]
            case _:
                return reader.fail(f"`{text}` is no value")

    def _tuple(self) -> tuple[object, ...]:
        self.reader.take("mark", "(")
        found: list[object] = []
        while self.reader.peek()[1] != ")":
            found.append(self._value())
        self.reader.take("mark", ")")
        return tuple(found)

    def _coordinate(self) -> Coordinate:
        reader = self.reader
        reader.take("mark", "<")
        terms: list[tuple[Axis, Size]] = []
        size = reader.size()
        while reader.peek()[1] == "*":
            reader.take()
            terms.append((self._axis(reader.take("axis")[1:]), size))
            reader.take("mark", "+")
            size = reader.size()
        divisor, modulus = ONE, None
        if reader.peek()[1] == "//":
            reader.take()
            divisor = reader.size()
        if reader.peek()[1] == "%":
            reader.take()
            modulus = reader.size()
        reader.take("mark", ">")
        return Coordinate(tuple(terms), size, divisor, modulus)
