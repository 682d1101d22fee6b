"""State that the expansion of one entry shares: diagnostics, parameters, spans, fresh axes, places of random draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diagc import limits
from diagc.check.scope import Module
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Node, node
from diagc.diagnostics import DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree


class Poisoned(Exception):
    """The expression reads a name whose definition failed; the error has been reported there."""


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A `fn` with what has been bound so far. `path` is set for instances made by `model`."""

    module: Module
    fn: tree.Fn
    axes: tuple[Axis, ...] | None = None
    arguments: tuple[tuple[str, Node], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    woven: tuple[Axis, ...] = ()
    path: str | None = None
    repeat: int = 1
    layouts: dict[str, Axis] = field(default_factory=dict[str, Axis], compare=False, hash=False)

    @property
    def name(self) -> str:
        return self.fn.name.text


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call of a `fn` that was expanded: what went in and what came out, for pictures and derivations."""

    label: str
    arguments: tuple[Node, ...]
    results: tuple[Node, ...]
    depth: int


Local = Node | FunctionValue | None
"""What a local name stands for; None is a definition that failed."""


@dataclass(slots=True)
class Context:
    """Shared by all bodies that one entry expands into."""

    sink: Sink
    parameters: dict[str, Node] = field(default_factory=dict[str, Node])
    spans: dict[Node, Span] = field(default_factory=dict[Node, Span])
    names: dict[Node, str] = field(default_factory=dict[Node, str])
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    instances: dict[str, int] = field(default_factory=dict[str, int])
    depth: int = 0
    _fresh: int = 0
    _places: int = 0

    def fresh_axis(self, name: str, size: Size) -> Axis:
        """A new axis that no other declaration equals."""
        self._fresh += 1
        return Axis(f"{name}#{self._fresh}", size)

    def place(self) -> int:
        """A new place in the diagram, for a random draw."""
        self._places += 1
        return self._places

    def instance_path(self, path: str) -> str:
        """`path`, or `path_2`, `path_3` … for further anonymous instances of one name."""
        count = self.instances[path] = self.instances.get(path, 0) + 1
        return path if count == 1 else f"{path}_{count}"

    def note(self, made: Node, span: Span) -> Node:
        """Remember where a node was first written."""
        if len(self.spans) > limits.MAX_NODES:
            raise failure(
                "E0803",
                f"the diagram has more than {limits.MAX_NODES} nodes",
                Label(span, "reached here"),
                help="use fewer copies in `chain`, or split the diagram into several entries",
            )
        self.spans.setdefault(made, span)
        return made

    def parameter(
        self, path: str, array: Array, init: tuple[str, tuple[tuple[str, float | str], ...]]
    ) -> Node:
        """The parameter at an instance path; asking twice gives the same one, which ties it."""
        if path not in self.parameters:
            self.parameters[path] = node(ops.Input(path, "parameter", init), array=array)
        return self.parameters[path]


def axes_text(axes: Iterable[Axis]) -> str:
    """Axes as a reader writes them: `q, d`, or `no axes`."""
    return ", ".join(map(str, axes)) or "no axes"


def carries(expression: tree.Expr, value: Node) -> Label:
    """The label that says which axes an operand has."""
    return Label(expression.span, f"`{shown(expression)}` carries {axes_text(value.axes)}")


def shown(expression: tree.Expr) -> str:
    """The text of an expression, shortened for a label."""
    text = " ".join(expression.span.text.split())
    return text if len(text) <= 30 else text[:27] + "..."


__all__ = [
    "CallRecord",
    "Context",
    "DiagnosticError",
    "FunctionValue",
    "Local",
    "Poisoned",
    "axes_text",
    "carries",
    "shown",
]
