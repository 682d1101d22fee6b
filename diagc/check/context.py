"""State that the expansion of one entry shares: diagnostics, parameters, spans, fresh axes, places of random draws."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

from diagc import limits
from diagc.check.scope import Module
from diagc.core import ops
from diagc.core.axes import Axis, Size
from diagc.core.diagram import Array, Node, node
from diagc.diagnostics import DiagnosticError, Label, Sink, failure
from diagc.source import Span
from diagc.syntax import tree

Init = tuple[str, tuple[tuple[str, float | str], ...]]


class Poisoned(Exception):
    """The expression reads a name whose definition failed; the error has been reported there."""


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A `fn` with what has been bound so far. `path` is set for instances made by `model`.

    `derivatives` are the parameters of `grad`s around it, the outermost last. `foreign` is the leaf of a model from
    Python with its parameters.
    """

    module: Module
    fn: tree.Fn
    axes: tuple[Axis, ...] | None = None
    arguments: tuple[tuple[str, Node], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    woven: tuple[Axis, ...] = ()
    path: str | None = None
    repeat: int = 1
    derivatives: tuple[tuple[tree.Name, ...], ...] = ()
    foreign: tuple[ops.Foreign, tuple[Node, ...]] | None = None

    @property
    def name(self) -> str:
        return self.fn.name.text

    @property
    def bound(self) -> tuple[object, ...]:
        """What tells apart an instance and its copies with other axes, arguments and sizes."""
        return self.path, id(self.fn), self.axes, self.arguments, self.sizes, self.woven

    @property
    def formals(self) -> tuple[str, ...]:
        """The names of the axis parameters."""
        return tuple(name.text for name in self.fn.axis_params or ())

    @property
    def signature(self) -> str:
        """How a call is written: `f[a b](X, Y)`."""
        axes = f"[{' '.join(self.formals)}]" if self.formals else ""
        bound = dict(self.arguments)
        return (
            f"{self.name}{axes}({', '.join(p.name.text for p in self.fn.params if p.name.text not in bound)})"
        )


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call of a `fn` that was expanded: what went in and what came out, for pictures and derivations."""

    label: str
    arguments: tuple[Node, ...]
    results: tuple[Node, ...]
    depth: int
    formals: tuple[str, ...] = ()
    """The names of the arguments in the body."""


Local = Node | FunctionValue | None
"""What a local name stands for; None is a definition that failed."""


@dataclass(slots=True)
class Context:
    """Shared by all bodies that one entry expands into."""

    sink: Sink
    allow_python: bool = False
    parameters: dict[str, Node] = field(default_factory=dict[str, Node])
    spans: dict[Node, Span] = field(default_factory=dict[Node, Span])
    names: dict[Node, str] = field(default_factory=dict[Node, str])
    defined: list[tuple[tree.Name, Node]] = field(default_factory=list[tuple[tree.Name, Node]])
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    instances: dict[str, int] = field(default_factory=dict[str, int])
    running: list[tree.Fn] = field(default_factory=list[tree.Fn])
    mentioned: dict[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    expanded: dict[tuple[object, ...], tuple[Node, ...]] = field(
        default_factory=dict[tuple[object, ...], tuple[Node, ...]]
    )
    _formal_axes: dict[tuple[str, str], Axis] = field(default_factory=dict[tuple[str, str], Axis])
    _bound_sizes: dict[str, list[Size]] = field(default_factory=dict[str, list[Size]])
    _expansions: int = 0
    _levels: int = 0
    _fresh: int = 0
    _places: int = 0
    _states: int = 0

    @property
    def depth(self) -> int:
        """How many calls are being expanded."""
        return len(self.running)

    def fresh_axis(self, name: str, size: Size) -> Axis:
        """A new axis that no other declaration equals."""
        self._fresh += 1
        return Axis(f"{name.partition('#')[0]}#{self._fresh}", size)

    def axis_at(self, declared: Axis, size: Size) -> Axis:
        """An axis of a used file at a size that its call has bound: one axis for each size."""
        if size == declared.size:
            return declared
        sizes = self._bound_sizes.setdefault(declared.uid, [])
        if size not in sizes:
            sizes.append(size)
        return Axis(f"{declared.uid}.{sizes.index(size)}", size)

    def instance_axis(self, path: str, name: str, size: Size) -> Axis:
        """The axis that a formal one of the instance at `path` stands for; one for all calls, as its arrays are."""
        if (path, name) not in self._formal_axes:
            self._formal_axes[path, name] = self.fresh_axis(name, size)
        return self._formal_axes[path, name]

    def place(self) -> int:
        """A new place in the diagram, for a random draw."""
        self._places += 1
        return self._places

    def state_name(self) -> str:
        """A name for the state of a scan that is being read; it does not outlive the reading."""
        self._states += 1
        return f"state#{self._states}"

    def instance_path(self, path: str) -> str:
        """`path`, or `path_2`, `path_3` … for further anonymous instances of one name."""
        count = self.instances[path] = self.instances.get(path, 0) + 1
        return path if count == 1 else f"{path}_{count}"

    def once(self, call: tuple[object, ...], expand: Callable[[], tuple[Node, ...]]) -> tuple[Node, ...]:
        """The results of a call of an instance, which are the same for the same operands unless it draws at random."""
        known = self.expanded.get(call)
        if known is None:
            places = self._places
            known = expand()
            if self._places == places:
                self.expanded[call] = known
        return known

    def enter_instance(self, path: str) -> None:
        """A further call of a named instance: anonymous instances inside it are counted from the first again."""
        for inner in [known for known in self.instances if known.startswith(f"{path}.")]:
            del self.instances[inner]

    def note(self, made: Node, span: Span) -> Node:
        """Remember where a node was first written."""
        if len(self.spans) > limits.MAX_NODES:
            raise failure(
                "E0803",
                f"the diagram has more than {limits.MAX_NODES:,} nodes",
                Label(span, "reached here"),
                help="use fewer copies in `chain`, or split the diagram into several entries",
            )
        self.spans.setdefault(made, span)
        return made

    def count_expansion(self, span: Span) -> None:
        """E0803 when calls and scans of this entry are expanded too often."""
        self._expansions += 1
        if self._expansions > limits.MAX_EXPANSIONS:
            raise failure(
                "E0803",
                f"this entry expands more than {limits.MAX_EXPANSIONS:,} calls and scans",
                Label(span, "reached here"),
                help="call fewer functions from functions, nest scans less deeply, or split the diagram",
            )

    @contextmanager
    def level(self, span: Span) -> Generator[None, None, None]:
        """One level of expressions; E0802 when calls and brackets together are nested too deeply."""
        if self._levels >= limits.MAX_LEVELS:
            raise failure(
                "E0802",
                f"expressions are nested more than {limits.MAX_LEVELS} deep through calls",
                Label(span, "reached here"),
                help="give names to parts of the expressions: `part = …`",
            )
        self._levels += 1
        try:
            yield
        finally:
            self._levels -= 1

    def parameter(self, path: str, array: Array, init: Init) -> Node:
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
    text = " ".join(expression.span.text[:200].split())
    return text if len(text) <= 30 else text[:27] + "..."


__all__ = [
    "CallRecord", "Context", "DiagnosticError", "FunctionValue", "Local", "Poisoned", "axes_text", "carries", "shown",
]  # fmt: skip
