"""What the names of a file stand for: sizes, axes, functions, learning diagrams, schedules, imported files.

A module is built once per file; bodies are expanded later, on demand. The standard library is a module whose
functions are visible everywhere behind the file's own names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from diagc.check.foreign import SPELLINGS
from diagc.core.axes import Axis, Size, SizeLimit
from diagc.core.dtypes import DType
from diagc.diagnostics import Diagnostic, DiagnosticError, Label, Sink, failure
from diagc.source import Source, Span
from diagc.syntax import tree

BUILTIN_AXES_CALLS = frozenset({
    "sum", "max", "min", "prod", "mean", "any", "all", "argmax", "argmin", "cumsum", "scan", "concat", "topk",
    "one_hot", "zeros", "ones", "normal", "uniform",
})  # fmt: skip
BUILTIN_CALLS = frozenset({"cast", "size", "grad", "jvp", "stop", "where", "uniform_like"})
CONSTANTS: Mapping[str, float | bool] = {
    "inf": float("inf"),
    "pi": 3.141592653589793,
    "true": True,
    "false": False,
}


_DTYPES: Final = {
    "float": "f32", "float32": "f32", "float64": "f64", "double": "f64", "bfloat16": "bf16", "half": "f16",
    "float16": "f16", "fp16": "f16", "fp32": "f32", "int": "i32", "int32": "i32", "int64": "i64", "long": "i64",
    "uint8": "u8", "int8": "i8", "boolean": "bool", "tensor": "f32", "array": "f32",
}  # fmt: skip
"""What other libraries call the dtypes."""

_CANDIDATES: Final = 400
"""Names among which a misspelt one is looked for."""


@dataclass(slots=True)
class Module:
    """The declarations of one file.

    The axes and symbols of a used file carry its `prefix`, so that they are not those of the file that uses it. An
    import is None when the file could not be read.
    """

    source: Source
    sizes: dict[str, Span] = field(default_factory=dict[str, Span])
    axes: dict[str, Axis] = field(default_factory=dict[str, Axis])
    functions: dict[str, tree.Fn | tree.Alias] = field(default_factory=dict[str, tree.Fn | tree.Alias])
    learnings: dict[str, tree.Learning | tree.Glue] = field(
        default_factory=dict[str, tree.Learning | tree.Glue]
    )
    designs: dict[str, tree.Design] = field(default_factory=dict[str, tree.Design])
    schedules: list[tree.Schedule] = field(default_factory=list[tree.Schedule])
    imports: dict[str, Module | None] = field(default_factory=dict[str, "Module | None"])
    library: tuple[Module, ...] = ()
    prefix: str = ""

    def symbol(self, name: str) -> str:
        """The size symbol that a name of this file stands for."""
        return f"{self.prefix}__{name}" if self.prefix else name

    def find_function(self, name: str) -> tuple[Module, tree.Fn | tree.Alias] | None:
        """A function by its plain name: the file's own, else the standard library's."""
        for module in (self, *self.library):
            if name in module.functions:
                return module, module.functions[name]
        return None


Load = Callable[[tree.Use, Source], tuple[Source, tree.File]]
"""Reads and parses the file that a `use` names; raises `DiagnosticError`."""


def build_module(
    source: Source, file: tree.File, load: Load, library: tuple[Module, ...], sink: Sink, prefix: str = ""
) -> Module:
    """Declarations of a file and, recursively, of the files that it uses; `prefix` marks its axes."""
    return _Builder(load, library, sink).build(source, file, (), prefix)


@dataclass(slots=True)
class _Builder:
    load: Load
    library: tuple[Module, ...]
    sink: Sink
    done: dict[str, Module] = field(default_factory=dict[str, Module])

    def build(self, source: Source, file: tree.File, above: tuple[str, ...], prefix: str) -> Module:
        module = Module(source, library=self.library, prefix=prefix)
        places: dict[str, Span] = {}
        for item in file.items:
            try:
                self._declare(module, item, places, (*above, source.name))
            except DiagnosticError as error:
                self.sink.extend(error.diagnostics)
        return module

    def _declare(
        self, module: Module, item: tree.Item, places: dict[str, Span], above: tuple[str, ...]
    ) -> None:
        match item:
            case tree.Use():
                self._use(module, item, above)
            case tree.Sizes(names):
                for name in names:
                    self._claim(places, name)
                    module.sizes[name.text] = name.span
            case tree.Axes(declarations):
                for declaration in declarations:
                    self._claim(places, declaration.name)
                    self._axis(module, declaration)
            case tree.Fn() | tree.Alias():
                self._function(module, item, places)
            case tree.Schedule():
                module.schedules.append(item)
            case tree.Learning() | tree.Glue() | tree.Design():
                self._claim(places, item.name)
                if isinstance(item, tree.Design):
                    module.designs[item.name.text] = item
                else:
                    module.learnings[item.name.text] = item

    def _function(self, module: Module, item: tree.Fn | tree.Alias, places: dict[str, Span]) -> None:
        name = item.name
        self._claim(places, name)
        if name.text in BUILTIN_AXES_CALLS | BUILTIN_CALLS:
            raise failure(
                "E0204",
                f"`{name.text}` is built in and cannot be declared again",
                Label(name.span),
                help=f"choose another name, such as `my_{name.text}`",
            )
        module.functions[name.text] = item

    def _claim(self, places: dict[str, Span], name: tree.Name) -> None:
        if name.text in places:
            raise failure(
                "E0204",
                f"`{name.text}` is declared twice",
                Label(name.span, "second declaration"),
                Label(places[name.text], "first declared here"),
                help="an axis, a size, a function, a learning diagram and a design of one file do not share a name",
            )
        places[name.text] = name.span

    def _axis(self, module: Module, declaration: tree.AxisDecl) -> None:
        name = declaration.name.text
        uid = f"{name}#{module.prefix}" if module.prefix else name
        module.axes[name] = Axis(
            uid, Size.symbol(module.symbol(name))
        )  # so that later uses do not report again
        if declaration.size is not None:
            size = _size_of_axis(declaration.size, module)
            if size.value is not None and size.value < 1:
                raise failure(
                    "E0402",
                    f"axis `{name}` has size {size.value}; a size is at least 1",
                    Label(declaration.size.span),
                    help="give a positive size, or leave it out to make it free",
                )
            module.axes[name] = Axis(uid, size)

    def _use(self, module: Module, item: tree.Use, above: tuple[str, ...]) -> None:
        alias = item.alias.text if item.alias else item.path.rpartition("/")[2].removesuffix(".diag")
        module.imports[alias] = None
        source, file = self.load(item, module.source)
        if source.name in above:
            raise failure(
                "E0210",
                f"`{item.path}` uses itself, by way of {' and '.join(above)}",
                Label(item.path_span),
                help="move what both files need into a third one",
            )
        if source.name not in self.done:
            prefix = (
                alias if all(m.prefix != alias for m in self.done.values()) else f"{alias}{len(self.done)}"
            )
            self.done[source.name] = self.build(source, file, above, prefix)
        module.imports[alias] = self.done[source.name]


def _size_of_axis(expression: tree.Expr, module: Module) -> Size:
    try:
        return size_of_expression(expression, module)
    except SizeLimit as limit:
        raise too_large(limit, expression.span) from None


def too_large(limit: SizeLimit, span: Span) -> DiagnosticError:
    """E0406: a size polynomial beyond the limits."""
    return failure(
        "E0406", f"this size has {limit}", Label(span), help="give the result a name of its own: `size n`"
    )


def size_of_expression(expression: tree.Expr, module: Module) -> Size:
    """A size polynomial: integers, sizes, axis names (standing for their size), `+`, `-`, `*` and `^` by an integer."""
    match expression:
        case tree.Number(_, int() as value):
            return Size.constant(value)
        case tree.Ref(name) if name.text in module.axes:
            return module.axes[name.text].size
        case tree.Ref(name) if name.text in module.sizes:
            return Size.symbol(module.symbol(name.text))
        case tree.Ref(name):
            raise unknown("E0202", "size or axis", name, [*module.sizes, *module.axes])
        case tree.Unary("-", operand):
            return -size_of_expression(operand, module)
        case tree.Binary("+" | "-" | "*" as operator, left, right):
            a, b = size_of_expression(left, module), size_of_expression(right, module)
            return a + b if operator == "+" else a - b if operator == "-" else a * b
        case tree.Binary("^", base, tree.Number(_, int() as power)) if 0 <= power <= 8:
            factor, result = size_of_expression(base, module), Size.constant(1)
            for _ in range(power):
                result = result * factor
            return result
        case _:
            raise failure(
                "E0401",
                "the size of an axis is a polynomial in sizes",
                Label(expression.span),
                help="use integers, names of sizes or axes, `+`, `-`, `*` and `^` only",
            )


def nearest(text: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant: one of similar length and letters, capitals aside."""
    similar = sorted({c for c in candidates if abs(len(c) - len(text)) <= 3})[:_CANDIDATES]
    same = [c for c in similar if c.lower() == text.lower()]
    near = same or get_close_matches(text, similar, 1)
    return near[0] if near else None


def unknown(
    code: str, kind: str, name: tree.QName | tree.Name, candidates: Iterable[str], remedy: str | None = None
) -> DiagnosticError:
    """`no KIND is called NAME`, with the nearest name that is, else a remedy."""
    near = nearest(name.text, candidates)
    help = f"did you mean `{near}`?" if near else remedy
    if "." not in name.text and name.text in SPELLINGS and kind in ("function", "value"):
        help = SPELLINGS[name.text]
    if help is None and kind == "axis":
        help = f"declare it: `axis {name.text}`"
    if help is None:
        help = "it is neither declared in this file nor part of the standard library"
    return DiagnosticError(
        [Diagnostic(code, f"no {kind} is called `{name.text}`", (Label(name.span),), help)]
    )


def dtype_of(name: tree.Name) -> DType:
    """The dtype of a name; E0206 otherwise."""
    try:
        return DType(name.text)
    except ValueError:
        names = [dtype.value for dtype in DType]
        near = _DTYPES.get(name.text.lower()) or nearest(name.text, names)
        hint = f"write `{near}`" if near else f"the dtypes are {', '.join(names)}"
        raise failure("E0206", f"no dtype is called `{name.text}`", Label(name.span), help=hint) from None
